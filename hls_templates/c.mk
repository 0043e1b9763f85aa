# make BUILD=FOLDER builds FOLDER/run, the network as a filter of events (see main.c).
# PROBES=1: with inner values behind the outputs of each event.
BUILD ?= build
CC ?= cc
PROBES :=
CFLAGS ?= -O3 -march=native

$(BUILD)/run: main.c @{name}.c @{name}.h
	mkdir -p $(BUILD)
	$(CC) -std=c99 -Wall -Wextra -Wpedantic $(if $(PROBES),-DBXC_PROBES) $(CFLAGS) -o $@ main.c @{name}.c

clean:
	rm -f $(BUILD)/run
.PHONY: clean
