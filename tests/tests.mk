# Tests: every tests/unit/*.c and *.cpp is a program linked with libbxc; every tests/<question>/*.sh a
# script. tests/run.sh counts what they print.
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/conformance/*.c tests/prop/*.c)
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(B)/%)
HLS_PROGRAMS := $(patsubst %.cpp,$(B)/%,$(wildcard tests/hls/*.cpp))
TEST_SCRIPTS := $(sort $(wildcard tests/golden/run.sh tests/errors/run.sh tests/cosim/*.sh tests/unit/*.sh tests/python/run.sh tests/style/*.sh tests/hls/*.sh tests/conformance/*.sh))
LONG_SCRIPTS := $(sort $(wildcard tests/long/*.sh))
CXX ?= g++

.PHONY: tests
tests: $(UNIT_PROGRAMS) $(HLS_PROGRAMS)

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

# The manual's pictures, from real runs.
doc: all
	$(Q)doc/pictures.sh $(B)/bxc

bench: all
	$(Q)tests/bench/run.sh $(B)
	$(Q)tests/bench/timing.sh $(B)/bxc

# clang-tidy, a process a file. Left out because of their nature: memcpy and snprintf as such (there is
# no memcpy_s), `if (strcmp(...))`, bits of doubles compared as bits (that is what is meant), narrowing
# (gcc's -Wconversion), types as arguments of macros, parameters of one type in a row, _GNU_SOURCE,
# small int indices multiplied (the sanitizers look for overflow), whole numbers of LUT divided as such.
# What remains is mostly "uninitialised" or "null" behind a call that has diagnosed and returned -1.
TIDY_CHECKS := -*,clang-analyzer-*,bugprone-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,\
-bugprone-suspicious-string-compare,-bugprone-macro-parentheses,-bugprone-suspicious-memory-comparison,-bugprone-narrowing-conversions,\
-bugprone-implicit-widening-of-multiplication-result,-bugprone-integer-division,\
-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier
analyze: $(B)/generated/onnx.pb-c.h
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

FUZZ_DRIVERS := $(wildcard tests/fuzz/*.c)
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
wheel: all
	$(Q)rm -rf $(B)/wheel && mkdir -p $(B)/wheel && cp -r python $(B)/wheel/source && cp $(B)/libbxc.so $(B)/wheel/source/bxc/
	$(Q)$(PYTHON) -m pip -q wheel --no-deps --no-build-isolation --disable-pip-version-check -w $(B)/wheel $(B)/wheel/source
	$(Q)ls $(B)/wheel/*.whl

TREE = $(DESTDIR)$(PREFIX)
install: all
	install -D $(B)/bxc "$(TREE)/bin/bxc"
	install -D -m 644 $(B)/libbxc.a "$(TREE)/lib/libbxc.a"
	install -D $(B)/libbxc.so "$(TREE)/lib/libbxc.so.$(SO_VERSION)"
	ln -sf libbxc.so.$(SO_VERSION) "$(TREE)/lib/libbxc.so"
	install -D -m 644 driver/bxc.h "$(TREE)/include/bxc.h"
	mkdir -p "$(TREE)/share/man/man1" "$(TREE)/share/bash-completion/completions" "$(TREE)/lib/pkgconfig"
	sed 's|@PREFIX@|$(PREFIX)|' $(B)/bxc.pc > "$(TREE)/lib/pkgconfig/bxc.pc"
	mkdir -p "$(TREE)/share/doc/bxc/doc/pictures"
	install -m 644 README.md CHANGELOG.md "$(TREE)/share/doc/bxc"
	install -m 644 doc/*.md doc/*.json "$(TREE)/share/doc/bxc/doc"
	install -m 644 doc/pictures/* "$(TREE)/share/doc/bxc/doc/pictures"
	cp -R examples "$(TREE)/share/doc/bxc"
	$(B)/bxc manual > "$(TREE)/share/man/man1/bxc.1"
	$(B)/bxc completion > "$(TREE)/share/bash-completion/completions/bxc"
-include $(wildcard $(B)/tests/*/*.d)
