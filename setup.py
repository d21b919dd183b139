"""Everything setuptools needs is read from settings.ini. A wheel also carries the lessons, as learner's copies of nbs/ made while it is built."""
import re, shutil, sys
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here/'tools'))
cfg = ConfigParser(delimiters=['='])
cfg.read(here/'settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
name, address = cfg['lib_name'], cfg['address'].strip().rstrip('/')
extras = {extra: requirements for extra, *requirements in map(str.split, cfg['extra_requirements'].strip().splitlines())}

class BuildWithLessons(build_py):
    def run(self):
        super().run()
        if self.editable_mode: return  # `visionlab lessons` makes them itself there
        import copies
        lessons = Path(self.build_lib)/name/'lessons'
        shutil.rmtree(lessons, ignore_errors=True)
        copies.write(lessons, here)

def long_description():
    "The README as it reads elsewhere: its links lead to the repository's address; without one, a link is its text and a picture is left out."
    path = here/'README.md'
    if not path.exists(): return cfg['description']
    def link(m):
        if re.match(r'[a-z]+:|#', m[3]): return m[0]
        if address: return f"{m[1]}[{m[2]}]({address}/{'raw' if m[1] else 'blob'}/{cfg['branch']}/{m[3]})"
        return '' if m[1] else m[2]
    return re.sub(r'(!?)\[([^\[\]]*)\]\(([^()\s]+)\)', link, path.read_text(encoding='utf-8'))

where = dict(Source='', Issues='/issues', Changelog=f"/blob/{cfg['branch']}/CHANGELOG.md")
setup(
    name=name, version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'].split(),
    author=cfg['author'], license_expression='Apache-2.0', license_files=['LICENSE'],
    url=address or None, project_urls={k: address + v for k, v in where.items()} if address else {},
    long_description=long_description(), long_description_content_type='text/markdown',
    packages=find_packages(include=[name, f'{name}.*']), package_data={name: ['py.typed', '*.pyi']}, zip_safe=False,
    cmdclass=dict(build_py=BuildWithLessons),
    python_requires=f">={cfg['min_python']}", install_requires=cfg['requirements'].split(), extras_require={**extras, 'dev': cfg['dev_requirements'].split()},
    entry_points={'console_scripts': [f'{name}={name}.cli:main'], 'nbdev': [f"{name}={cfg['lib_path']}._modidx:d"]},
    classifiers=['Development Status :: 3 - Alpha', f"Intended Audience :: {cfg['audience']}", 'Intended Audience :: Science/Research',
                 'Framework :: Jupyter', f"Natural Language :: {cfg['language']}", 'Operating System :: OS Independent', 'Programming Language :: Python :: 3',
                 *[f'Programming Language :: Python :: 3.{minor}' for minor in (10, 11, 12, 13)], 'Topic :: Education',
                 'Topic :: Scientific/Engineering :: Artificial Intelligence', 'Topic :: Scientific/Engineering :: Image Recognition', 'Typing :: Typed'])
