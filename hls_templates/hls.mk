# make BUILD=FOLDER builds FOLDER/run, the network as a filter of events (see main.cpp);
# make check BUILD=FOLDER runs the testbench that checks itself against vectors.txt.
# AP_TYPES=FOLDER: with the vendors' open headers instead of the built-in types (ap_fixed.h or ac_fixed.h).
# PROBES=1: with inner values behind the outputs of each event.
BUILD ?= build
CXX ?= c++
PROBES :=
AP_TYPES ?=
CXXFLAGS ?= $(if $(AP_TYPES),-O1,-O3 -march=native)

types :=
ifneq ($(AP_TYPES),)
types := -isystem $(AP_TYPES) -Wno-uninitialized -Wno-maybe-uninitialized $(if $(wildcard $(AP_TYPES)/ap_fixed.h),-DBXC_AP_TYPES,-DBXC_AC_TYPES)
endif

$(BUILD)/run: main.cpp @{name}.cpp @{name}.h @{name}_weights.h bxc_hls.h bxc_ops.h
	mkdir -p $(BUILD)
	$(CXX) -std=c++14 -Wall -Wextra -Wno-unknown-pragmas $(types) $(if $(PROBES),-DBXC_PROBES) $(CXXFLAGS) -o $@ main.cpp @{name}.cpp

$(BUILD)/testbench: testbench.cpp @{name}.cpp @{name}.h @{name}_weights.h bxc_hls.h bxc_ops.h
	mkdir -p $(BUILD)
	$(CXX) -std=c++14 -Wall -Wextra -Wno-unknown-pragmas $(types) $(CXXFLAGS) -o $@ testbench.cpp @{name}.cpp

check: $(BUILD)/testbench
	$(BUILD)/testbench vectors.txt

clean:
	rm -f $(BUILD)/run $(BUILD)/testbench
.PHONY: check clean
