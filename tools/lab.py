"""Open the lessons in JupyterLab (`make lab`), set so that it asks the network for nothing, no news, no updates, no extension catalogue, and
that long lines of code wrap.

What opens are a learner's copies in `lessons/`, brought up to date first; those with changes of yours are kept. With `--edit` it is the
sources in `nbs/`."""
import json, os, sys
from pathlib import Path
from copies import copies
from visionlab.cli import lessons

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {'@jupyterlab/apputils-extension:notification': dict(fetchNews='false', checkForUpdates=False, doNotDisturbMode=True),
            '@jupyterlab/extensionmanager-extension:plugin': dict(enabled=False),
            '@jupyterlab/notebook-extension:tracker': dict(codeCellConfig=dict(lineNumbers=False, lineWrap=True))}

def command(root, page, *extra): # the folder to show, the notebook to open, more options
    "What starts JupyterLab in this environment."
    path = Path(sys.prefix)/'share'/'jupyter'/'lab'/'settings'/'overrides.json'
    there = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    if sys.prefix != sys.base_prefix and SETTINGS.keys() - there.keys():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(SETTINGS | there), encoding='utf-8')
    root_user = ['--allow-root'] if hasattr(os, 'geteuid') and os.geteuid() == 0 else []
    return [sys.executable, '-m', 'jupyterlab', f'--ServerApp.root_dir={root}', f'--LabApp.default_url=/lab/tree/{page}', '--LabApp.news_url=None',
            '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.extension_manager=readonly', *root_user, *extra]

def prepared(edit=False, root=ROOT): # the sources? the repository
    "The folder to show and the notebook to open; a learner's copies are laid out."
    if edit: return root, 'nbs/index.ipynb'
    return lessons(root/'lessons', copies(root)), 'index.ipynb'

if __name__ == '__main__':
    os.environ['JUPYTER_PREFER_ENV_PATH'] = '1'  # the kernel of this environment, whatever else is installed
    os.environ.pop('MPLBACKEND', None)           # pictures stand in the notebook, wherever other programs draw theirs
    edit = '--edit' in sys.argv
    try: folder, page = prepared(edit)
    except OSError as e: sys.exit(f'make: {e}')
    print(f"make: starting JupyterLab on {'the sources' if edit else 'your copies of the lessons, in lessons/'}; stop it with Ctrl-C here", flush=True)
    cmd = command(folder, page, *[a for a in sys.argv[1:] if a != '--edit'])
    os.execv(cmd[0], cmd)
