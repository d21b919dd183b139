# The verbs of visionlab. Each makes .venv and installs what it needs when that is missing, and only then.
# All paths are relative, so that a folder with a space in its name works too.

PYTHON ?= python3
PY     := .venv/bin/python
# An editable installation remembers its folder, so a folder that moved is installed again.
HERE   := $(shell pwd | cksum | cut -d' ' -f1)
READY  := .venv/ready-$(HERE)
DEV    := .venv/ready-dev-$(HERE)
CHECKS ?= tests
BUILD  := _build

export JUPYTER_PREFER_ENV_PATH := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-pictures test quick nb lab docs bench clean

help:
	@echo 'visionlab: learn computer vision by building it'
	@echo
	@echo '  make demo            train a network that reads handwritten digits, and show what it gets wrong'
	@echo '  make demo-pictures   fine-tune a classifier of photographs, and show what it gets wrong (of yours: FOLDER=photos)'
	@echo '  make lab             open the lessons in JupyterLab, as copies that are yours (make lab EDIT=1: the sources)'
	@echo '  make docs            build the site (open $(BUILD)/site/index.html)'
	@echo '  make nb              run a notebook, save what it shows, export it: make nb NB=08 (or NB="07 08", NB=index for the README)'
	@echo '  make quick           run the tests of what has changed since the last commit'
	@echo '  make test            run every notebook and every test (one file: make test CHECKS=tests/test_data.py)'
	@echo '  make bench           measure against other libraries, into bench/RESULTS.md (one part: make bench PARTS=loop)'
	@echo '  make clean           remove .venv and all that was built'
	@echo
	@echo 'Each creates .venv and installs what it needs when that is missing (make PYTHON=python3.12 ... picks the Python).'

demo: $(READY)
	@$(PY) -m visionlab.cli demo

demo-pictures: $(READY)
	@$(PY) -m visionlab.cli demo-pictures $(if $(FOLDER),"$(FOLDER)")

test: $(DEV)
	@$(PY) -m pytest $(CHECKS)

quick: $(DEV)
	@$(PY) tools/quick.py

nb: $(DEV)
	@$(PY) tools/nb.py $(NB)

lab: $(DEV)
	@$(PY) tools/lab.py $(if $(filter-out 0,$(EDIT)),--edit)

docs: $(DEV)
	@$(PY) -c 'import smalldocs' 2>/dev/null || { echo 'make: the site builder needs Python 3.11 or newer: make clean, then make docs PYTHON=python3.12'; exit 1; }
	@echo 'make: building the site in $(BUILD)/'
	@rm -rf $(BUILD) && mkdir $(BUILD) && cd $(BUILD) && ln -s ../_quarto.yml ../styles.css ../tools .
	@$(PY) -m smalldocs.cli render $(BUILD) --strict && echo 'make: done, open $(BUILD)/site/index.html' || \
	  { rm -rf $(BUILD); echo 'make: the site was not built; the reason stands above'; exit 1; }

bench: $(DEV)
	@$(PY) bench/run.py $(PARTS)

clean:
	rm -rf .venv bench/.venv bench/.parts $(BUILD) build dist *.egg-info .pytest_cache .mypy_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(READY): settings.ini setup.py tools/install.py
	@$(call install,$(READY))

$(DEV): settings.ini setup.py tools/install.py
	@$(call install,$(READY) $(DEV))

install = command -v "$(PYTHON)" >/dev/null || { echo "make: there is no '$(PYTHON)' here. Install Python 3.10 or newer, or name yours: make PYTHON=python3.12 ..."; exit 1; }; "$(PYTHON)" tools/install.py $(1)
