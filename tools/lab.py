"""Open the lessons in JupyterLab (`make lab`), set so that it asks the network for nothing: no news, no updates, no extension catalogue."""
import json, os, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUIET = {'@jupyterlab/apputils-extension:notification': dict(fetchNews='false', checkForUpdates=False, doNotDisturbMode=True),
         '@jupyterlab/extensionmanager-extension:plugin': dict(enabled=False)}

def command(root=ROOT, page='nbs/index.ipynb', *extra): # the folder to show, the notebook to open, more options
    "What starts JupyterLab in this environment."
    settings = Path(sys.prefix)/'share'/'jupyter'/'lab'/'settings'/'overrides.json'
    if sys.prefix != sys.base_prefix and not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(QUIET), encoding='utf-8')
    root_user = ['--allow-root'] if hasattr(os, 'geteuid') and os.geteuid() == 0 else []
    return [sys.executable, '-m', 'jupyterlab', f'--ServerApp.root_dir={root}', f'--LabApp.default_url=/lab/tree/{page}', '--LabApp.news_url=None',
            '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.extension_manager=readonly', *root_user, *extra]

if __name__ == '__main__':
    os.environ['JUPYTER_PREFER_ENV_PATH'] = '1'  # the kernel of this environment, whatever else is installed
    cmd = command(ROOT, 'nbs/index.ipynb', *sys.argv[1:])
    os.execv(cmd[0], cmd)
