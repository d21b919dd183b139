"""Make `.venv` and install visionlab into it, plus its development tools with `dev`: what the verbs of the Makefile run first.

Needs nothing but Python 3.10 with `venv`. The file named last is written only when everything is in place, so an installation that
broke off is finished by the next run, and one made for another folder or from older requirements is brought up to date."""
import shutil, subprocess, sys
from pathlib import Path

VENV = Path('.venv')
PY = VENV/'bin'/'python'

def stop(*lines): sys.exit('\n'.join(('make: ' + lines[0], *('      ' + l for l in lines[1:]))))

def works(*args):
    try: return subprocess.run([PY, *args], capture_output=True).returncode == 0
    except OSError: return False

def main(stamp, dev):
    v = sys.version_info
    if v < (3, 10): stop(f'visionlab needs Python 3.10 or newer, and this is {v[0]}.{v[1]} ({sys.executable}).', 'Name a newer one: make PYTHON=python3.12 ...')
    if not works('-m', 'pip', '--version'):
        print(f'make: creating .venv with Python {v[0]}.{v[1]}', flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        r = subprocess.run([sys.executable, '-m', 'venv', VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if r.returncode or not works('-m', 'pip', '--version'):
            shutil.rmtree(VENV, ignore_errors=True)
            stop('this Python could not create .venv, and says:', *r.stdout.strip().splitlines(), '(on Debian and Ubuntu: apt install python3-venv)')
    if not works('-c', 'import sys; assert sys.version_info >= (3, 10)'): stop('the Python in .venv is older than 3.10: remove the folder .venv and try again.')
    what = '.[dev]' if dev else '.'
    print(f'make: installing visionlab{" and its development tools" if dev else ""} into .venv (PyTorch is large: minutes the first time)', flush=True)
    if subprocess.run([PY, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-e', what]).returncode:
        stop('pip could not install what is needed; its reason stands above.', 'Once that is mended, the same command goes on from here.')
    for s in stamp: Path(s).touch()

if __name__ == '__main__': main(sys.argv[1:], any('dev' in s for s in sys.argv[1:]))
