# Tests: every tests/unit/*.c and *.cpp is a program linked with libbxc; every tests/<question>/*.sh a
# script. tests/run.sh counts what they print.
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/conformance/*.c tests/prop/*.c)
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(B)/%)
FUZZ_DRIVERS := $(wildcard tests/fuzz/*.c)
BLIND_PROGRAMS := $(FUZZ_DRIVERS:tests/fuzz/%.c=$(B)/blind/%)
HLS_PROGRAMS := $(patsubst %.cpp,$(B)/%,$(wildcard tests/hls/*.cpp))
TEST_SCRIPTS := $(sort $(wildcard tests/golden/run.sh tests/errors/run.sh tests/cosim/*.sh tests/unit/*.sh tests/python/run.sh tests/style/*.sh tests/hls/*.sh tests/conformance/*.sh))
LONG_SCRIPTS := $(sort $(wildcard tests/long/*.sh))
CXX ?= g++

.PHONY: tests
tests: $(UNIT_PROGRAMS) $(HLS_PROGRAMS) $(BLIND_PROGRAMS)

$(UNIT_PROGRAMS): $(B)/%: $(B)/%.o $(B)/libbxc-all.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(DEPENDENCY_LIBS)
$(HLS_PROGRAMS): $(B)/%: %.cpp $(TEMPLATES)
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) -std=c++14 -O1 -Wall -Wextra -I. -Ihls_templates -o $@ $<

# The slow ones first, so that both processors stay busy to the end.
check: all tests
	$(Q)tests/run.sh $(B) $(TEST_SCRIPTS) $(UNIT_PROGRAMS) $(HLS_PROGRAMS)
check-long: all tests
	$(Q)TEST_SECONDS=7200 tests/run.sh $(B) $(LONG_SCRIPTS)

# Lays the sources out as tests/style/format.sh wants them.
format:
	$(Q)tests/style/format.sh --write

# The manual's pictures, from real runs.
doc: all
	$(Q)doc/pictures.sh $(B)/bxc

bench: all
	$(Q)tests/bench/run.sh $(B)
	$(Q)tests/bench/timing.sh $(B)/bxc
	$(Q)tests/bench/growth.sh $(B)/bxc

# clang-tidy, a process a file. Left out because of their nature: memcpy and snprintf as such (there is
# no memcpy_s), `if (strcmp(...))`, bits of doubles compared as bits (that is what is meant), narrowing
# (gcc's -Wconversion), types as arguments of macros, parameters of one type in a row, _GNU_SOURCE,
# small int indices multiplied (the sanitizers look for overflow), whole numbers of LUT divided as such.
# What remains is mostly "uninitialised" or "null" behind a call that has diagnosed and returned -1.
TIDY_CHECKS := -*,clang-analyzer-*,bugprone-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,\
-bugprone-suspicious-string-compare,-bugprone-macro-parentheses,-bugprone-suspicious-memory-comparison,-bugprone-narrowing-conversions,\
-bugprone-implicit-widening-of-multiplication-result,-bugprone-integer-division,\
-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier
analyze: $(B)/generated/onnx.pb-c.h $(B)/generated/graph_def.pb-c.h
	$(Q)printf '%s\n' $(LIBRARY_SOURCES) $(CLI_SOURCES) | xargs -P "$$(nproc)" -n 1 \
	  sh -c 'clang-tidy --quiet --checks="$$0" "$$1" -- $(filter-out -W% -fopenmp,$(ALL_CFLAGS)) 2> /dev/null' '$(TIDY_CHECKS)'

# Counts of an earlier run would be added to; a failed test is no reason not to count.
coverage:
	$(Q)$(MAKE) variant=coverage all tests
	$(Q)find build/coverage -name '*.gcda' -delete
	-$(Q)$(MAKE) variant=coverage check
	$(Q)tests/coverage.sh build/coverage

# Drivers without a fuzzer: tests/fuzz_blind.c.
$(B)/blind/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz_blind.o $(B)/libbxc-all.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(DEPENDENCY_LIBS)

FUZZ_PROGRAMS := $(FUZZ_DRIVERS:tests/fuzz/%.c=build/fuzz/%)
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer-no-link,address,undefined -DARENA_MALLOC
SECONDS_EACH ?= 600
# Ten minutes of every reader: make fuzz SECONDS_EACH=600
fuzz:
	$(Q)$(MAKE) variant=fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)' build/fuzz/libbxc-all.a $(FUZZ_PROGRAMS)
	$(Q)for program in $(FUZZ_PROGRAMS); do name=$$(basename $$program); mkdir -p build/fuzz/corpus/$$name; \
	  echo "$$name"; $$program -max_total_time=$(SECONDS_EACH) -timeout=10 -rss_limit_mb=4096 -artifact_prefix=build/fuzz/$$name- \
	  build/fuzz/corpus/$$name $$(ls -d tests/fuzz/corpus/$${name#fuzz_} 2> /dev/null) || exit 1; done
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libbxc-all.a
	$(Q)clang $(filter-out -W%,$(ALL_CFLAGS)) -fsanitize=fuzzer,address,undefined -fopenmp -o $@ $^ $(DEPENDENCY_LIBS)

# python/ with libbxc.so in it, as a wheel under build/. Needs setuptools, wheel and pip of $(PYTHON).
PYTHON ?= python3
.PHONY: wheel
WHEEL_NEEDS := import setuptools, pip, importlib.util as u; u.find_spec("wheel") or __import__("setuptools.command.bdist_wheel")
wheel: all
	$(Q)$(PYTHON) -c '$(WHEEL_NEEDS)' 2> /dev/null || { echo "make wheel: $(PYTHON) lacks pip, setuptools or wheel: \
	apt-get install python3-pip python3-setuptools python3-wheel, or '$(PYTHON) -m pip install setuptools wheel'" >&2; exit 1; }
	$(Q)rm -rf $(B)/wheel && mkdir -p $(B)/wheel && cp -r python $(B)/wheel/source && cp $(B)/libbxc.so $(B)/wheel/source/bxc/
	$(Q)$(PYTHON) -m pip -q wheel --no-deps --no-build-isolation --disable-pip-version-check -w $(B)/wheel $(B)/wheel/source
	$(Q)ls $(B)/wheel/*.whl

# What is installed: "place=file", of which uninstall takes the places.
TREE = $(DESTDIR)$(PREFIX)
PAGES := README.md CHANGELOG.md $(wildcard doc/*.md doc/*.json doc/pictures/*) $(shell find examples -type f ! -path '*/__pycache__/*')
INSTALLED = bin/bxc=$(B)/bxc lib/libbxc.a=$(B)/libbxc.a lib/libbxc.so.$(SO_VERSION)=$(B)/libbxc.so include/bxc.h=driver/bxc.h \
  lib/pkgconfig/bxc.pc=$(B)/prefixed.pc share/man/man1/bxc.1=$(B)/bxc.1 share/bash-completion/completions/bxc=$(B)/completion \
  $(foreach page,$(PAGES),share/doc/bxc/$(page)=$(page))
.PHONY: uninstall
install: all
	sed 's|@PREFIX@|$(PREFIX)|' $(B)/bxc.pc > $(B)/prefixed.pc
	$(B)/bxc manual > $(B)/bxc.1
	$(B)/bxc completion > $(B)/completion
	for pair in $(INSTALLED); do to=$${pair%%=*} from=$${pair#*=} mode=644; [ ! -x "$$from" ] || mode=755; \
	  install -D -m $$mode "$$from" "$(TREE)/$$to" || exit 1; done
	ln -sf libbxc.so.$(SO_VERSION) "$(TREE)/lib/libbxc.so"
# Folders that others have too stay.
uninstall:
	for pair in $(INSTALLED); do rm -f "$(TREE)/$${pair%%=*}" || exit 1; done
	rm -f "$(TREE)/lib/libbxc.so"
	[ ! -d "$(TREE)/share/doc/bxc" ] || find "$(TREE)/share/doc/bxc" -depth -type d -empty -delete
-include $(wildcard $(B)/tests/*/*.d)
