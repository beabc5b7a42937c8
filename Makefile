# The commands of this package; `make` lists them. Each installs what it needs first, or says what is
# missing. ARGS reaches the program behind a target: make bench ARGS="--suite standard --threads 1".

SCRATCH ?= .build
# `make test TRAITS=Distributed` builds with a trait of this package. It changes the flags of every module.
TRAITS ?=
# Further options of the builds for tests, lint, documentation, test-memory and Bench, such as -debug-info-format none.
BUILD_FLAGS ?=
SWIFT_FLAGS = --scratch-path $(SCRATCH) $(TRAITS:%=--traits %) $(BUILD_FLAGS)
# `make lint` builds with warnings as errors; elsewhere, so that your own build is not thrown away.
LINT_SCRATCH ?= $(SCRATCH)/strict

.DEFAULT_GOAL := help
.PHONY: help setup build test test-long test-threads test-server test-onnx test-distributed test-kernels test-arm test-memory fuzz bench bench-check bench-peers bench-distributed prove-gate adding data experiments lint surface format docs articles golden install uninstall clean dependencies

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install OpenBLAS, LAPACKE, libpng, zlib, pkg-config and clang-format where they are missing
	@Tools/setup.sh --lint

dependencies:
	@Tools/setup.sh --quiet

# With the tests: without them SwiftPM also builds what dependencies have and nothing here needs, such as
# swift-protobuf's compiler in C++, for minutes.
build: dependencies ## build everything, debug
	swift build $(SWIFT_FLAGS) $(or $(ARGS),--build-tests)

test: dependencies ## run the tests
	swift test $(SWIFT_FLAGS) --disable-xctest $(ARGS)

# Apart from the release build of Bench, whose flags differ: each would throw away the other's.
test-long: dependencies ## run the tests and the exhaustive sweeps, release; tens of minutes
	SWIFT_RECURRENT_LONG_TESTS=1 \
	  swift test --scratch-path $(SCRATCH)/test-long -c release --disable-xctest $(ARGS)

test-threads: dependencies ## run the thread tests under ThreadSanitizer; minutes
	swift test --scratch-path $(SCRATCH)/test-threads --sanitize=thread --disable-xctest \
	  --filter 'ThreadTests|ThreadTeamTests|RaggedTests|RowSelectionTests|StreamBatcherTests|PackedLayerTests' \
	  $(ARGS)

# Apart: the server's package has dependencies that this one has not.
test-server: dependencies ## visit the server of Examples/Server as 200 clients that come, go and break off
	swift build --package-path Examples/Server --scratch-path $(SCRATCH)/server --product CharacterServer
	swift build --package-path Examples/Server --scratch-path $(SCRATCH)/server --product LoadTest
	$(SCRATCH)/server/debug/LoadTest $(ARGS)

test-onnx: dependencies ## run ONNX's own cases, and written models in ONNX Runtime (needs Python); ARGS="LSTM GRU" for some
	@SCRATCH=$(SCRATCH) Tools/onnx/test-cases.sh $(ARGS)

# Apart from the other products, unless those have the trait too.
test-distributed: dependencies ## train on several ranks of MPI, which is installed where it is missing; ARGS="hangs" for one
	@SCRATCH=$(SCRATCH) Tools/test-distributed.sh $(ARGS)

test-kernels: ## check the C kernels in C alone, on this machine; seconds
	@SCRATCH=$(SCRATCH) Tools/test-kernels.sh

test-arm: ## the same for 64-bit Arm, in an emulator that is installed where it is missing
	@Tools/setup.sh --arm --quiet
	@SCRATCH=$(SCRATCH) Tools/test-kernels.sh --arm

# First whether it finds mistakes made on purpose, then two minutes of sequences;
# ARGS="--seconds 3600 --seed 7" for others, ARGS="--replay 42" for one. Its checks are calls: written out
# they make minutes of compiling of the kernels.
test-memory: dependencies ## mix up objects in random calls under AddressSanitizer; minutes
	swift build --scratch-path $(SCRATCH)/memory $(BUILD_FLAGS) -c release --sanitize=address --product MixUps \
	  -Xcc -mllvm -Xcc -asan-instrumentation-with-call-threshold=0
	$(SCRATCH)/memory/release/MixUps --self-check
	$(SCRATCH)/memory/release/MixUps $(ARGS)

fuzz: dependencies ## give every reader of files any bytes, 10 minutes each; ARGS="npz 60" for one, for one minute
	@SCRATCH=$(SCRATCH) Tools/fuzz-readers.sh $(ARGS)

bench: dependencies ## measure this machine: throughput of every cell, forward and backward
	swift run $(SWIFT_FLAGS) -c release Bench $(ARGS)

bench-check: dependencies ## fail if the engine got slower than where this branch began, or ARGS="--against v1"
	swift run $(SWIFT_FLAGS) -c release Bench check $(or $(ARGS),--against)

bench-peers: dependencies ## compare with PyTorch, ONNX Runtime and oneDNN (needs Python); ARGS="--suite onnx" for exported models
	@Tools/peers/run $(ARGS)

bench-distributed: dependencies ## two ranks of MPI beside one, what overlap hides, and what a cost model says; minutes
	@SCRATCH=$(SCRATCH) Tools/bench-distributed.sh $(ARGS)

prove-gate: dependencies ## prove that bench-check finds a slower kernel, and only that; an hour, goes on where it was
	SCRATCH=$(SCRATCH) Benchmarks/prove-gate.sh $(ARGS)

adding: dependencies ## how long each cell remembers: the adding problem; minutes
	swift run $(SWIFT_FLAGS) -c release AddingProblem $(ARGS)

# `make data` first: most of them read text. ARGS="word-lm --budget full" for one, ARGS="--all --resume".
experiments: dependencies ## hold what the models reach against targets; ARGS="--all --budget full" takes hours
	swift run $(SWIFT_FLAGS) -c release Experiments run $(or $(ARGS),--all)

data: ## fetch the real text that the experiments read into data/; ARGS="bible names" for some
	@Tools/data/fetch.sh $(ARGS)

lint: ## check layout, imports, forbidden text, README, scripts, public surface, and that nothing warns
	@Tools/setup.sh --lint --quiet
	@SCRATCH=$(LINT_SCRATCH) Tools/lint.sh

surface: dependencies ## write the lists of public symbols that lint checks
	@SCRATCH=$(SCRATCH) Tools/public-surface.sh --renew

format: ## lay out all Swift and C files
	@Tools/setup.sh --lint --quiet
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples
	find Sources Tests \( -name '*.[ch]' -o -name '*.inc' \) -exec clang-format -i {} +

docs: dependencies ## build the documentation into docs-build; any warning fails
	@SCRATCH=$(SCRATCH) Tools/docs.sh docs-build

articles: dependencies ## build and run the code of the documentation's articles, as another package
	@SCRATCH=$(SCRATCH) Tools/articles.sh $(ARGS)

golden: ## make the golden values again from PyTorch and Keras (needs Python)
	Tools/golden/generate.sh $(ARGS)

# DESTDIR is put before PREFIX, as who makes packages expects.
install: dependencies ## install the command `recurrent` for all users, or make install PREFIX=~/.local
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" SCRATCH=$(SCRATCH) Tools/install.sh

uninstall: ## remove what make install PREFIX=… has put there
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" Tools/install.sh --remove

clean: ## remove everything that was built
	rm -rf $(SCRATCH) docs-build
