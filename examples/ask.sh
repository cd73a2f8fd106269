# Shell functions for the examples in docs/: `source examples/ask.sh` in bash or zsh. They need curl and node.
MC_URL=${MC_URL:-http://127.0.0.1:4000}
MC_API_KEY=${MC_API_KEY:-$(cat data/admin.key)}

# ask 'GraphQL document' name=value …
# Sends the document with its variables, each a string, and prints the answer on one line.
ask() {
  body_of "$@" | post_body
}

body_of() {
  node -e '
    const [query, ...pairs] = process.argv.slice(1);
    const variables = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)));
    console.log(JSON.stringify({ query, variables }));
  ' -- "$@"
}

post_body() {
  curl -sS -w '\n' "$MC_URL/graphql" -H "Authorization: Bearer $MC_API_KEY" -H 'Content-Type: application/json' -d @-
}

# pick createTask.task.ref
# Reads an answer from standard input and prints one value of its data.
pick() {
  node -e '
    const answer = require("node:fs").readFileSync(0, "utf8");
    const value = process.argv[1].split(".").reduce((parent, name) => parent?.[name], JSON.parse(answer).data);
    if (value != null) console.log(value);
    else {
      console.error(`The answer has no ${process.argv[1]}: ${answer}`);
      process.exitCode = 1;
    }
  ' -- "$1"
}

# wait_until DONE TASK-1
# Asks for the status of a task until it is the one that is named.
wait_until() {
  local question
  question=$(body_of 'query ($ref: String!) { task(ref: { ref: $ref }) { status } }' ref="$2")
  until post_body <<<"$question" | grep -q "\"$1\""; do
    sleep 0.2
  done
}
