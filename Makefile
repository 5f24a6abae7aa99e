# Two commands: `make grade` does the main job, `make test` runs all tests. Both set everything up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: grade test check prove bench chaos clean

grade: $(READY)
	@$(BIN)/sfs grade --all --reference

test: check
	@$(BIN)/sfs doctor || true
	@$(BIN)/python -m pytest tests solutions/*/clients -q -rs --ignore-glob='tests/test_*.py' -n 2 --dist loadgroup

check: $(READY)
	@$(BIN)/ruff format --check grader tests benchmarks solutions/*/clients
	@$(BIN)/ruff check grader tests benchmarks solutions/*/clients
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_*.py -q -rs -n 2 --dist loadgroup

# Every impostor of every milestone, and repeated runs under load; `make test` takes one impostor at random.
prove: $(READY)
	@SFS_IMPOSTORS=all $(BIN)/python -m pytest tests/course -q

# `kill -9` at hundreds of random moments (SFS_CHAOS says how many); `make test` does it with 40.
chaos: $(READY)
	@SFS_CHAOS=$${SFS_CHAOS:-400} $(BIN)/python -m pytest tests/chaos -q

bench: $(READY)
	@$(BIN)/python benchmarks/run.py
	@$(BIN)/python benchmarks/database.py

$(READY): pyproject.toml tools/constraints.txt tools/set-up.sh
	@PYTHON="$(PYTHON)" sh tools/set-up.sh "$(VENV)"
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
