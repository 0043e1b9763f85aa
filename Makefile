# bxc: targets all check check-long bench doc analyze coverage fuzz install uninstall clean; see README.md.
# Variables: variant=release|debug|asan|coverage, CC, V=1, DESTDIR, PREFIX, AP_TYPES.
-include config.mak

variant ?= release
PREFIX ?= $(or $(prefix),/usr/local)
# make has a CC of its own, which is no choice of anybody's.
ifeq ($(origin CC),default)
CC := gcc
endif
B := build/$(variant)

PACKAGES := libprotobuf-c libcjson libxml-2.0 hdf5 libzip
DEPENDENCY_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) | sed 's/-I/-isystem /g')
DEPENDENCY_LIBS := $(shell pkg-config --libs $(PACKAGES)) -lm

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wvla
ifneq ($(CI),)
WARNINGS += -Werror
endif
CFLAGS_release := -O2 -g
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DARENA_MALLOC
CFLAGS_coverage := -O0 -g --coverage
# No contraction: every operation of the float engine rounds once.
ALL_CFLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(WARNINGS) -ffp-contract=off -fno-strict-aliasing -fopenmp -fPIC -fvisibility=hidden \
  -I. -I$(B)/generated $(DEPENDENCY_CFLAGS) $(CFLAGS_$(variant)) $(CFLAGS)
LINK_FLAGS := -fopenmp $(filter -fsanitize% --coverage,$(CFLAGS_$(variant))) $(LDFLAGS)

LIBRARY_FOLDERS := ir ir/ops target $(wildcard frontend frontend/*) passes $(wildcard codegen codegen/*) sim report driver
LIBRARY_SOURCES := $(wildcard $(addsuffix /*.c,$(patsubst %/,%,$(LIBRARY_FOLDERS))))
CLI_SOURCES := $(wildcard cli/*.c)
# Of the interface in bxc.h.
SO_VERSION := 0
TEMPLATES := $(wildcard hls_templates/*)

LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.c=$(B)/%.o) $(B)/generated/onnx.pb-c.o $(B)/generated/graph_def.pb-c.o $(B)/generated/templates.o
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(B)/%.o)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

.PHONY: all check check-long bench doc format analyze coverage install clean fuzz
all: $(B)/bxc $(B)/bxc.pc $(B)/libbxc.a $(B)/libbxc.so

$(B)/bxc: $(CLI_OBJECTS) $(B)/libbxc-all.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(DEPENDENCY_LIBS)

# With every symbol, for the command line and the tests.
$(B)/libbxc-all.a: $(LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

# For others: nothing but what bxc.h declares can be seen.
$(B)/libbxc.a: $(LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)ld -r -o $(B)/libbxc.o $^ && objcopy --wildcard --keep-global-symbol='bxc_*' $(B)/libbxc.o
	$(Q)rm -f $@ && ar qcs $@ $(B)/libbxc.o && rm $(B)/libbxc.o

$(B)/libbxc.so: $(LIBRARY_OBJECTS) driver/libbxc.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,libbxc.so.$(SO_VERSION) -Wl,--version-script,driver/libbxc.map $(LINK_FLAGS) -o $@ $(LIBRARY_OBJECTS) $(DEPENDENCY_LIBS)

# Flags in a stamp: changing them rebuilds.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(LINK_FLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(LINK_FLAGS)' > $@
FORCE:

$(B)/%.o: %.c $(B)/flags | $(B)/generated/onnx.pb-c.h $(B)/generated/graph_def.pb-c.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The reader of ONNX comes from the distribution's own schema.
ONNX_PROTO := $(firstword $(wildcard /usr/include/onnx/onnx.proto /usr/local/include/onnx/onnx.proto))
$(B)/generated/onnx.pb-c.h $(B)/generated/onnx.pb-c.c &: $(ONNX_PROTO)
	$(call say,PROTOC,$<)
	$(Q)mkdir -p $(B)/generated
	$(Q)protoc-c --proto_path=$(dir $(ONNX_PROTO)) --c_out=$(B)/generated $(ONNX_PROTO)
# TensorFlow's from what bxc reads of it.
$(B)/generated/graph_def.pb-c.h $(B)/generated/graph_def.pb-c.c &: frontend/tensorflow/graph_def.proto
	$(call say,PROTOC,$<)
	$(Q)mkdir -p $(B)/generated
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(B)/generated $<
$(B)/generated/%.pb-c.o: $(B)/generated/%.pb-c.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(CC) -std=c11 -O2 -w -fPIC $(DEPENDENCY_CFLAGS) $(filter -fsanitize%,$(CFLAGS_$(variant))) -I$(B)/generated -c -o $@ $<

# The commit for 'bxc --version', where this is a checkout; nothing else depends on it.
$(B)/generated/commit.h: FORCE
	@mkdir -p $(@D); commit=; \
	if [ -e .git ] && id=$$(git rev-parse --short=12 HEAD 2> /dev/null); then \
	  commit=$$id; git diff --quiet HEAD -- 2> /dev/null || commit="$$id, changed"; fi; \
	echo "#define BXC_COMMIT \"$$commit\"" | cmp -s - $@ || echo "#define BXC_COMMIT \"$$commit\"" > $@
$(B)/cli/main.o: $(B)/generated/commit.h

$(B)/generated/templates.c: $(TEMPLATES) codegen/embed.sh
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D) && sh codegen/embed.sh $(sort $(TEMPLATES)) > $@.new && mv $@.new $@
$(B)/generated/templates.o: $(B)/generated/templates.c $(B)/flags
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The prefix is set by install.
$(B)/bxc.pc: driver/bxc.h Makefile $(B)/flags
	@printf '%s\n' 'prefix=@PREFIX@' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' 'Name: bxc' \
	  'Description: bunch-crossing compiler, trained networks to trigger firmware' \
	  "Version: $$(sed -n 's/^.define BXC_VERSION "\(.*\)"/\1/p' driver/bxc.h)" 'Requires: $(PACKAGES)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lbxc $(LINK_FLAGS) -lm' > $@

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d)

clean:
	rm -rf build

-include tests/tests.mk
