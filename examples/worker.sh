# A program for the command gateway:
# MC_COMMAND='["bash","/path/to/mission-control/examples/worker.sh"]' MC_COMMAND_DIR=$HOME/work MC_COMMAND_KEY=on npm start
# The server sets MC_TASK_REF, MC_RUN_ID, MC_TASK_FILE, MC_URL and MC_API_KEY. The answer is what this prints.
set -euo pipefail
source "$(dirname "$0")/ask.sh"

title=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.env.MC_TASK_FILE, "utf8")).title')
ask 'mutation ($run: ID!) { reportProgress(input: { runId: $run, message: "Read the task", percent: 10 }) { errors { message } } }' \
  run="$MC_RUN_ID" > /dev/null
echo "Done: $title ($MC_TASK_REF)"
