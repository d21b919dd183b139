"""Everything setuptools needs is read from settings.ini."""
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).resolve().parent
cfg = ConfigParser(delimiters=['='])
cfg.read(here/'settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
readme = here/'README.md'
extras = {name: requirements for name, *requirements in map(str.split, cfg['extra_requirements'].strip().splitlines())}

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], license='Apache-2.0', license_files=['LICENSE'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else cfg['description'], long_description_content_type='text/markdown',
    packages=find_packages(include=[cfg['lib_name'], f"{cfg['lib_name']}.*"]), zip_safe=False,
    package_data={cfg['lib_name']: ['py.typed', '*.pyi']},
    python_requires=f">={cfg['min_python']}", install_requires=cfg['requirements'].split(), extras_require={**extras, 'dev': cfg['dev_requirements'].split()},
    entry_points={'nbdev': [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},
    classifiers=['Development Status :: 3 - Alpha', f"Intended Audience :: {cfg['audience']}", 'Programming Language :: Python :: 3',
                 'Topic :: Scientific/Engineering :: Artificial Intelligence', 'Topic :: Scientific/Engineering :: Image Recognition'])
