"""Kernels with torch in them: a process imports what nearly every lesson imports, once, and forks for each kernel that is asked for.

A kernel that starts by itself spends three seconds of processor time on that, fifty times in a run of all lessons. It needs `os.fork` with
`AF_UNIX`, as on Linux; on macOS, forking with the system's libraries loaded is not safe."""
import json, os, signal, socket, subprocess, sys, tempfile, threading

def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    return s

class Forks:
    "The process, as long as this one lives; the environment is what imports read: numbers of threads, the seed of hashes."
    def __init__(self, env):
        self.dir = tempfile.TemporaryDirectory()  # nobody else may connect
        self.path = f'{self.dir.name}/socket'
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path); s.listen()
            self.process = subprocess.Popen([sys.executable, __file__, 'serve', str(s.fileno())], stdin=subprocess.PIPE, pass_fds=[s.fileno()],
                                            env=env | dict(JPY_PARENT_PID=str(os.getpid())))  # ipykernel reads it when imported; without, it explains Ctrl-C
    def command(self, cmd):  # python … -m ipykernel_launcher …
        "The command for a process that stands for the kernel: it asks for a fork, and lives and dies with it."
        return [sys.executable, '-ES', __file__, 'ask', self.path, *cmd[cmd.index('ipykernel_launcher'):]]
    def cpu_seconds(self):
        "What the kernels took that have ended; it waits for those that are ending."
        with connect(self.path) as s: s.sendall(b'null\n'); return float(s.makefile().readline())

def ask(path, *argv):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it comes before SIGKILL
    s = connect(path)
    s.sendall(json.dumps([argv, dict(os.environ), os.getcwd()]).encode() + b'\n')
    s.recv(1)  # nothing comes: this returns when the kernel has ended

def serve(listener):
    "Until standard input ends, which is when the process that started this one does."
    import resource, select
    import IPython, matplotlib.pyplot, torchvision  # noqa: F401 pandas and ipywidgets look for a kernel when they are imported
    from ipykernel import kernelapp
    del sys.path[0]  # this folder
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        s = listener.accept()[0]
        wanted = json.loads(s.makefile().readline())
        if not wanted:
            try:
                while True: os.wait()
            except ChildProcessError: used = resource.getrusage(resource.RUSAGE_CHILDREN)
            s.sendall(f'{used.ru_utime + used.ru_stime}\n'.encode())
        elif not os.fork():
            listener.close()
            os.setsid()
            threading.Thread(target=lambda: (s.recv(1), os.killpg(0, signal.SIGKILL)), daemon=True).start()  # the one that asked is gone
            sys.argv, env, cwd = wanted
            os.environ.clear(); os.environ.update(env); os.chdir(cwd)
            kernelapp.launch_new_instance()
            os._exit(0)
        s.close()

if __name__ == '__main__':
    verb, *args = sys.argv[1:]
    serve(socket.socket(fileno=int(args[0]))) if verb == 'serve' else ask(*args)
