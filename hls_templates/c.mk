# make BUILD=FOLDER builds FOLDER/run, the network as a filter of events (see main.c).
BUILD ?= build
CC ?= cc
CFLAGS ?= -O3 -march=native

$(BUILD)/run: main.c @{name}.c @{name}.h
	mkdir -p $(BUILD)
	$(CC) -std=c99 -Wall -Wextra -Wpedantic $(CFLAGS) -o $@ main.c @{name}.c

clean:
	rm -f $(BUILD)/run
.PHONY: clean
