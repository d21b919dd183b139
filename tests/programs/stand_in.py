"""A Python that behaves in a certain way, for test_make.py: `stand_in.py WAY NAME-OF-THIS-PYTHON ARGUMENTS`. Each function is one way."""
import os, runpy, sys, time

def run(script, *args):
    "What any Python does with a script."
    sys.argv = [script, *args]
    runpy.run_path(script, run_name='__main__')

def old(me, *args):
    "Python 3.8."
    sys.version_info = (3, 8, 1)
    run(*args)

def without_venv(me, *args):
    "As Debian ships it: `python3 -m venv` stops half-way."
    if args[:2] == ('-m', 'venv'):
        os.makedirs(f'{args[2]}/bin')
        sys.exit('ensurepip is not available')
    sys.executable = me
    run(*args)

def with_a_slow_pip(me, *args):
    "Its pip takes some seconds to fetch 8 MB and to install two packages."
    sys.executable = me
    if args[:2] == ('-m', 'venv'):
        os.makedirs(f'{args[2]}/bin')
        os.symlink(me, f'{args[2]}/bin/python')
    elif 'install' in args: fetch_and_install()
    elif args[:2] == ('-m', 'visionlab.cli'): run('visionlab/cli.py', *args[2:])
    elif args[0] not in ('-c', '-m'): run(*args)

def fetch_and_install():
    print('Collecting heavy>=2', 'Downloading heavy-2.1-py3-none-any.whl (8.0 MB)', sep='\n', flush=True)
    folder = f"{os.environ['TMPDIR']}/pip-unpack-x"
    os.makedirs(folder)
    with open(f'{folder}/heavy-2.1-py3-none-any.whl', 'wb') as f:
        for _ in range(8):
            f.write(bytes(10**6))
            f.flush()
            time.sleep(.3)
    print('Installing collected packages: heavy, visionlab', flush=True)
    for name in ('heavy', 'visionlab'):
        os.makedirs(f'.venv/lib/python3.12/site-packages/{name}-2.1.dist-info')
        time.sleep(.6)
    print('Successfully installed heavy-2.1 visionlab-0.1.0')

if __name__ == '__main__': globals()[sys.argv[1]](*sys.argv[2:])
