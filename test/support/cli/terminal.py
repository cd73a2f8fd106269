# The far side of a terminal: runs a program in a pseudo-terminal and copies what it writes to standard output. What comes
# on standard input is typed, except NUL, "columns,rows" and a line break, which give the terminal another size.
import fcntl, os, pty, select, struct, sys, termios

columns, rows, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)


def resize(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def type_in(data):
    while b"\0" in data:
        keys, rest = data.split(b"\0", 1)
        size, data = rest.split(b"\n", 1)
        os.write(terminal, keys)
        resize(*size.decode().split(","))
    if data:
        os.write(terminal, data)


resize(columns, rows)
inputs = [terminal, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if 0 in ready:
        data = os.read(0, 65536)
        if data:
            type_in(data)
        else:
            inputs.remove(0)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
