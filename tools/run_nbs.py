"""Run notebooks and save their outputs: `python tools/run_nbs.py [nbs/03_gradients.ipynb ...]` (all of them by default).

Each runs in a fresh kernel of this environment, on one thread and with a fixed hash seed, so that the same notebook gives the same
bytes on machines of one kind. Cells nbdev would not test (`#| eval: false`, or a flag of `tst_flags`) are not run and keep what they
show; with `--slow` before the names those marked `#| slow` run too. What is saved is tidy (tools/tidy.py), and an output that differs from
the saved one in nothing but times is left as it was, so times can be shown and a second run still changes nothing; what they were measured on
is saved with them. An error or a warning in a cell is a failure that names the notebook and the cell."""
import asyncio, functools, json, os, platform, re, shutil, sys, tempfile, time
from importlib.metadata import version
from pathlib import Path
import matplotlib.font_manager  # builds its cache now, or the first lesson to draw would show a warning about it
import nbformat, zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, CellTimeoutError, DeadKernelError
from jupyter_client.manager import AsyncKernelManager
from nbdev.config import get_config
from forks import Forks
from tidy import VIEW, directives, inside, masked, text, tidy, widget_picture, widget_state

ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')
DENSE = '--InlineBackend.figure_formats={"retina"}'  # twice the pixels, with the size on the screen in the output's metadata

def machine():
    "What a number is measured on here, in words."
    info = Path('/proc/cpuinfo')
    names = re.findall(r'^model name\s*: (.+)', info.read_text(), re.M) if info.exists() else []
    cpu = re.sub(r'\((?:R|TM)\)| Processor\b', '', (names or [platform.processor() or platform.machine()])[0]).strip()
    return f'{cpu} ({platform.machine()}, {platform.system()}), {"with" if shutil.which("nvidia-smi") else "no"} GPU, one thread of PyTorch {version("torch").split("+")[0]}, Python {platform.python_version()}'

class LessonError(Exception): "A cell that fails, with the notebook, the cell and the reason."

def explain(path, i, cell, what):
    head = next((l for l in cell.source.splitlines() if l.strip() and not l.startswith('#|')), '')
    return LessonError(f'{path.name}, cell {i} ({head[:70]}):\n{ANSI.sub("", what).strip()}')

def environment():
    "IN_TEST: a notebook's own nbdev_export() does nothing."
    return {k: v for k, v in os.environ.items() if k != 'MPLBACKEND'} | dict(IN_TEST='1', OMP_NUM_THREADS='1', MKL_NUM_THREADS='1',
        PYTHONHASHSEED='0', JUPYTER_PREFER_ENV_PATH='1')

@functools.cache
def forks(): return Forks(environment() | dict(MPLBACKEND='module://matplotlib_inline.backend_inline'))  # as a kernel has it

class Manager(AsyncKernelManager):
    def format_kernel_cmd(self, *args, **kwargs):
        cmd = super().format_kernel_cmd(*args, **kwargs)
        return forks().command(cmd) if sys.platform == 'linux' else cmd

def cpu_seconds():
    "What the kernels that have ended took, whatever else the machine was busy with."
    if sys.platform == 'linux': return forks().cpu_seconds()
    import resource  # not on Windows
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

class Client(NotebookClient):
    """A client that looks twice: zmq tells asyncio of a message once, and where nbclient sends at that moment, as the widgets of an `interact` make it,
    the news is lost. The message lies there, and client and kernel would wait for each other for ever."""
    async def async_execute_cell(self, *args, **kwargs):
        look = asyncio.create_task(self._look())
        try: return await super().async_execute_cell(*args, **kwargs)
        finally: look.cancel()
    async def _look(self):
        while True:
            await asyncio.sleep(.2)
            for channel in (self.kc.shell_channel, self.kc.iopub_channel): channel.socket.get(zmq.EVENTS)

def run(path, saved=None, timeout=120, slow=False): # the notebook; its text, when not what the file holds; seconds a cell may take; `slow` cells too?
    "The notebook with the outputs of a fresh run, tidied; nothing is written. Raises `LessonError`."
    path, at = Path(path), [0]
    old = tidy(nbformat.reads(saved or path.read_text(encoding='utf-8'), 4))
    nb = nbformat.from_dict(json.loads(json.dumps(old)))
    project = next(d for d in path.resolve().parents if (d/'settings.ini').exists())  # wherever this is called from
    flags = {'eval: false', *get_config(path=project).tst_flags.split()} - ({'slow'} if slow else set())
    for c in nb.cells:
        if c.cell_type == 'code' and flags & set(directives(c.source)): c.metadata['tags'] = ['skip-execution']
    os.environ['JUPYTER_PREFER_ENV_PATH'] = '1'  # the kernel of this environment, whatever else is installed
    client = Client(nb, timeout=timeout, kernel_name='python3', kernel_manager_class=Manager, coalesce_streams=True, extra_arguments=['--log-level=ERROR', DENSE],
                    resources={'metadata': {'path': str(path.parent)}}, on_cell_start=lambda cell, cell_index: at.__setitem__(0, cell_index),
                    shutdown_kernel='immediate')  # asked politely, a kernel with torch takes two seconds to go, and now and then five
    try:
        with tempfile.TemporaryDirectory() as tmp: client.execute(env=environment() | dict(TMPDIR=tmp))  # so it leaves nothing lying about either
    except (CellControlSignal, CellExecutionError, CellTimeoutError, DeadKernelError) as e: raise explain(path, at[0], nb.cells[at[0]], str(e)) from None
    for i, c in enumerate(nb.cells):
        for o in c.get('outputs', []):
            if o.get('name') == 'stderr': raise explain(path, i, c, 'a lesson shows no warnings, and this cell wrote to stderr:\n' + o.text)
            if VIEW in o.get('data', {}) and 'OutputModel' in {w['model_name'] for w in inside(o, widget_state(nb))} and not widget_picture(o, widget_state(nb)):
                raise explain(path, i, c, 'this interact shows nothing of its own; if it draws, end its function with plt.show()')
    same = True
    for c, was in zip(tidy(nb).cells, old.cells):
        if c.cell_type != 'code': continue
        if masked(c.outputs) == masked(was.outputs): c.outputs = was.outputs
        else: same = False
    if not same: nb.metadata['measured'] = machine()
    return nb

if __name__ == '__main__':
    slow, names = '--slow' in sys.argv, [a for a in sys.argv[1:] if a != '--slow']
    for path in map(Path, names or sorted(Path(get_config().nbs_path).glob('*.ipynb'))):
        start, before = time.time(), path.read_text(encoding='utf-8')
        try: after = text(run(path, timeout=600 if slow else 120, slow=slow))
        except LessonError as e: sys.exit(f'tools/run_nbs.py: {e}')
        if after != before: path.write_text(after, encoding='utf-8', newline='\n')
        print(f'{path.name}: {time.time() - start:.1f} s, {"saved" if after != before else "unchanged"}', flush=True)
