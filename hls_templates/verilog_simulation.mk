# Simulates the Verilog of @{name}: make [run|icarus] BUILD=FOLDER [OPT=-O1] [VERILATED=FOLDER]
# run is built by Verilator, run-icarus by Icarus Verilog; both speak the protocol of harness.cpp.
# PROBES=1: with inner values behind the outputs of each event (probes.v, probes.json).
# VERILATED keeps Verilator's own compiled library, so that many firmwares share it.
BUILD ?= build
OPT ?= -O1
CXX ?= g++
VERILATOR ?= verilator
IVERILOG ?= iverilog
VERILATED ?= $(BUILD)/verilated

RTL := $(addprefix ../rtl/,$(shell cat ../rtl/files.f))
PROBES :=
TOP := $(if $(PROBES),@{probe_module},@{name})
RTL += $(if $(PROBES),probes.v)
HASH := $(shell sed -n "s/.*CONTENT_HASH = 256'h\([0-9a-f]*\).*/\1/p" ../rtl/@{name}.v)
ROOT := $(shell $(VERILATOR) --getenv VERILATOR_ROOT)
FLAGS := -std=gnu++17 -w -fwrapv -pthread -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -isystem $(ROOT)/include -isystem $(ROOT)/include/vltstd
LIBRARY := $(VERILATED)/verilated.o $(VERILATED)/verilated_threads.o

.PHONY: run icarus
run: $(BUILD)/run
icarus: $(BUILD)/run-icarus

# Compiled once, for speed of compilation; put in place whole, others may be building it too.
$(VERILATED)/%.o: $(ROOT)/include/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(FLAGS) -O1 -c -o $@.$$PPID $< && mv $@.$$PPID $@

# One translation unit for what runs, one for what runs once; a single one where both are compiled alike.
UNITS := fast $(if $(filter -O0,$(OPT)),,slow)
$(BUILD)/run: $(RTL) ../rtl/files.f harness.cpp Makefile $(LIBRARY)
	rm -rf $(BUILD)/model && mkdir -p $(BUILD)/model
	$(VERILATOR) --cc -O3 -Wno-lint -Wno-fatal -Werror-UNOPTFLAT -Werror-MULTIDRIVEN --output-split 20000 --output-split-cfuncs 500 --x-assign fast --x-initial fast --noassert \
	  --top-module $(TOP) --prefix Vtop --Mdir $(BUILD)/model $(RTL)
	for file in $(BUILD)/model/*.cpp; do case $$file in *__Slow.cpp) unit=$(lastword $(UNITS)) ;; *) unit=fast ;; esac; \
	  echo "#include \"$${file##*/}\"" >> $(BUILD)/model/$$unit.unit; done
	$(if $(filter slow,$(UNITS)),$(CXX) $(FLAGS) -O0 -I$(BUILD)/model -x c++ -c -o $(BUILD)/model/slow.o $(BUILD)/model/slow.unit)
	echo '#include "harness.cpp"' >> $(BUILD)/model/fast.unit
	$(CXX) $(FLAGS) $(OPT) -DCONTENT_HASH=$(HASH) $(if $(PROBES),-DPROBES) -I$(BUILD)/model -iquote . -x c++ -c -o $(BUILD)/model/fast.o $(BUILD)/model/fast.unit
	$(CXX) -pthread -o $@ $(UNITS:%=$(BUILD)/model/%.o) $(LIBRARY) -latomic

$(BUILD)/run-icarus: $(RTL) ../rtl/files.f testbench.v Makefile
	@mkdir -p $(BUILD)
	$(IVERILOG) $(if $(PROBES),-DPROBES) -g2005 -Wall -s testbench -o $(BUILD)/icarus.vvp $(RTL) testbench.v
	printf '#!/bin/sh\nexec vvp -n "$${0%%/*}/icarus.vvp" $${1:+"+$${1#--}"}\n' > $@
	chmod +x $@
