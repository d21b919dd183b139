# The verbs of visionlab. Each makes .venv and installs what it needs when that is missing, and only then.
# All paths are relative, so that a folder with a space in its name works too.

PYTHON ?= python3
PY     := .venv/bin/python
# An editable installation remembers its folder, so a folder that moved is installed again.
HERE   := $(shell pwd | cksum | cut -d' ' -f1)
READY  := .venv/ready-$(HERE)
DEV    := .venv/ready-dev-$(HERE)
CHECKS ?= tests

export JUPYTER_PREFER_ENV_PATH := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lab docs bench clean

help:
	@echo 'visionlab: learn computer vision by building it'
	@echo
	@echo '  make demo    train a network that reads handwritten digits, and show what it gets wrong'
	@echo '  make lab     open the lessons in JupyterLab'
	@echo '  make docs    build the site into _docs/ (open _docs/index.html)'
	@echo '  make test    run every notebook and every test (one file: make test CHECKS=tests/test_data.py)'
	@echo '  make bench   measure against other libraries, into bench/RESULTS.md (one part: make bench PARTS=loop)'
	@echo '  make clean   remove .venv and all that was built'
	@echo
	@echo 'Each creates .venv and installs what it needs when that is missing (make PYTHON=python3.12 ... picks the Python).'

demo: $(READY)
	@$(PY) tools/demo.py

test: $(DEV)
	@$(PY) -m pytest $(CHECKS)

lab: $(DEV)
	@echo 'make: starting JupyterLab; stop it with Ctrl-C here'
	@$(PY) tools/lab.py

docs: $(DEV)
	@$(PY) -c 'import smalldocs' 2>/dev/null || { echo 'make: the site builder needs Python 3.11 or newer: make clean, then make docs PYTHON=python3.12'; exit 1; }
	@echo 'make: building the site into _docs/'
	@rm -rf _docs
	@$(PY) -m smalldocs.cli render --strict; status=$$?; rm -rf lessons workshop api source about index.ipynb; \
	  [ $$status = 0 ] && echo 'make: done, open _docs/index.html' || { rm -rf _docs; echo 'make: the site was not built; the reason stands above'; exit 1; }

bench: $(DEV)
	@$(PY) bench/run.py $(PARTS)

clean:
	rm -rf .venv bench/.venv bench/.parts _docs lessons workshop api source about index.ipynb build dist *.egg-info .pytest_cache .quarto
	find . -name __pycache__ -prune -exec rm -rf {} +

$(READY): settings.ini setup.py tools/install.py
	@$(call install,$(READY))

$(DEV): settings.ini setup.py tools/install.py
	@$(call install,$(READY) $(DEV))

install = command -v "$(PYTHON)" >/dev/null || { echo "make: there is no '$(PYTHON)' here. Install Python 3.10 or newer, or name yours: make PYTHON=python3.12 ..."; exit 1; }; "$(PYTHON)" tools/install.py $(1)
