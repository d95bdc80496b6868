# Teal: builds out of tree into build/VARIANT, sources found by folder.
# Variants: debug, release (default), asan (AddressSanitizer + UBSan), tsan, fuzz (libFuzzer), afl
# (AFL++), coverage.

VARIANT ?= release
B       := build/$(VARIANT)
GEN     := build/gen
PREFIX  ?= /usr/local
MINUTES ?= 5
ENGINE  ?= libfuzzer

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

# --- flags ---------------------------------------------------------------------------------------
LIBRARIES := libsodium libprotobuf-c libmicrohttpd gnutls sqlite3 libcurl jansson expat inih
# libunistring, which has no pkg-config file, is added below.
# Asked for once, when something is compiled: `make help` works before anything is installed.
pkg_cflags = $(eval pkg_cflags := $$(shell pkg-config --cflags $(LIBRARIES)))$(pkg_cflags)
pkg_libs   = $(eval pkg_libs := $$(shell pkg-config --libs $(LIBRARIES)) -lunistring)$(pkg_libs)

WARN   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
CFLAGS.release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
CFLAGS.debug   := -O0 -g $(HARDEN)
CFLAGS.asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                  -fno-sanitize-recover=all $(HARDEN)
CFLAGS.tsan    := -O1 -g -fsanitize=thread $(HARDEN)
CFLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
CFLAGS.afl     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS.coverage := -O0 -g --coverage
LDFLAGS.asan   := -fsanitize=address,undefined
LDFLAGS.tsan   := -fsanitize=thread
LDFLAGS.fuzz   := -fsanitize=fuzzer,address,undefined
# AFL++ puts its own driver in libFuzzer's place.
LDFLAGS.afl    := -fsanitize=fuzzer -fsanitize=address,undefined
LDFLAGS.coverage := --coverage

ifeq ($(VARIANT),fuzz)
CC := clang
else ifeq ($(VARIANT),afl)
CC := AFL_QUIET=1 afl-clang-fast
else
CC := gcc
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -I. -isystem $(GEN) $(CFLAGS.$(VARIANT)) $(CFLAGS)
# One short line for each step; V=1 shows the commands.
step = $(if $(V),,@printf '  %-5s %s\n' $(1) '$@' &&)
LINK = $(CC) $(HARDEN_LINK) $(LDFLAGS.$(VARIANT)) $(LDFLAGS)

# --- sources -------------------------------------------------------------------------------------
protos      := $(wildcard proto/*.proto)
gen_c       := $(protos:%.proto=$(GEN)/%.pb-c.c)
gen_h       := $(gen_c:.c=.h)
codec_src   := $(shell find codecs -name '*.c')
client_src  := $(shell find gateway/client -name '*.c')
daemon_src  := $(shell find gateway -name '*.c' -not -path 'gateway/client/*')
test_src    := $(shell find tests/unit tests/vectors tests/property -name 'test_*.c' 2>/dev/null)
# Those that start threads; they run under ThreadSanitizer too.
threaded    := writer calls rest authenticate rest_connections core_submit core_queue core_room \
               core_rotation core_room_lies core_room_inbound channel directory directory_claims \
               directory_links directory_peers edge_devices edge_disclosure edge_networks \
               handle_proof lookup_log networks core_networks edge_messages edge_directory \
               edge_log room_plain tls
bench_src   := $(shell find tests/bench -name 'bench_*.c' 2>/dev/null)
bench_shared := $(filter-out $(bench_src),$(shell find tests/bench -name '*.c' 2>/dev/null))
fuzz_src    := $(shell find tests/fuzz -name 'fuzz_*.c' 2>/dev/null)
fuzz_shared := $(filter-out $(fuzz_src) tests/fuzz/replay.c,$(shell find tests/fuzz -name '*.c' 2>/dev/null))
support_src := $(shell find tests/support -name '*.c' 2>/dev/null)
peers       := $(filter-out shared,$(notdir $(patsubst %/,%,$(wildcard tests/peers/*/))))

objects = $(patsubst %.c,$(B)/%.o,$(1))
codec_lib   := $(B)/libtealcodecs.a
daemon_main := gateway/teald.c
client_main := gateway/client/teal.c
daemon_lib  := $(B)/libteald.a
client_lib  := $(B)/libteal.a
support_lib := $(B)/libsupport.a

programs := $(B)/teald $(B)/teal
peer_bin := $(peers:%=$(B)/peers/%)
test_bin := $(test_src:%.c=$(B)/%)
tool_bin := $(patsubst %.c,$(B)/%,$(wildcard tests/tools/*.c))
vector_bin := $(B)/tests/vectors/make_vectors
bench_bin := $(bench_src:%.c=$(B)/%)
fuzz_bin := $(fuzz_src:%.c=$(B)/%)

.PHONY: help all run check bench fuzz coverage vectors clean install deps test-deps tests programs fuzzers

help:
	@echo 'make run       install what is missing, build, and show messages crossing every way'
	@echo '               (ONCE=1: exit after the table, with a status)'
	@echo 'make check     install what is missing (compilers and tools of the tests too), build, and run all'
	@echo '               tests under sanitizers'
	@echo 'make bench     measure; also writes build/bench.json'
	@echo 'make fuzz      fuzz every decoder (MINUTES=$(MINUTES) over all targets; ENGINE=libfuzzer|afl)'
	@echo 'make coverage  lines and branches of codecs/ that unit, vector and corpus tests reach'
	@echo 'make all       build teald and teal into $(B) (VARIANT=release|debug|asan|tsan)'
	@echo 'make install   install teald and teal below PREFIX=$(PREFIX) (DESTDIR respected)'
	@echo 'make clean     remove build/'
	@echo '               (V=1 with any of them: show the commands)'

all: programs
programs: $(programs) $(peer_bin)
tests: $(test_bin) $(tool_bin)
threaded: $(threaded:%=$(B)/tests/unit/test_%)
fuzzers: $(fuzz_bin)

deps:
	@deploy/install-deps.sh
test-deps:
	@deploy/install-deps.sh check

# The parts that need packages run in a second make, after `deps` has put them there.
run: deps
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=release programs
	@tests/e2e/demo.py --build build/release $(if $(ONCE),--once)

check: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=release programs
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan programs tests
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=fuzz fuzzers
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=tsan threaded
	@tests/run-all

bench: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=release programs benches
	@tests/bench/run-all build/release

.PHONY: benches
benches: $(bench_bin)

fuzz: fuzz-$(ENGINE)
	@tests/fuzz/run-all --engine $(ENGINE) --minutes $(MINUTES)

.PHONY: fuzz-libfuzzer fuzz-afl
fuzz-libfuzzer: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=fuzz fuzzers
# Where AFL++ is missing and cannot be installed, run-all says so.
fuzz-afl: test-deps
	@deploy/install-deps.sh fuzz || true
	@! command -v afl-clang-fast >/dev/null || $(MAKE) --no-print-directory -j$$(nproc) VARIANT=afl fuzzers

coverage: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) VARIANT=coverage tests fuzzers
	@tests/run-coverage

# The published test vectors, made anew; tests prove that they are what is checked in.
vectors: $(vector_bin)
	@mkdir -p proto/vectors
	$< proto/vectors

install: programs
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(B)/teald $(DESTDIR)$(PREFIX)/sbin/teald
	install -m 755 $(B)/teal $(DESTDIR)$(PREFIX)/bin/teal

clean:
	rm -rf build

# --- rules ---------------------------------------------------------------------------------------
.SECONDARY: $(gen_c) $(gen_h)
$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h &: %.proto $(protos)
	@mkdir -p $(GEN)
	$(call step,PROTO) protoc-c --c_out=$(GEN) $<

# Generated code is not ours to warn about.
$(B)/$(GEN)/%.o: $(GEN)/%.c | $(gen_h)
	@mkdir -p $(@D)
	$(call step,CC) $(CC) $(ALL_CFLAGS) $(pkg_cflags) -MMD -MP -c $< -o $@

$(B)/%.o: %.c | $(gen_h)
	@mkdir -p $(@D)
	$(call step,CC) $(CC) $(ALL_CFLAGS) $(WARN) $(pkg_cflags) -MMD -MP -c $< -o $@

archive = @mkdir -p $(@D); rm -f $@; ar rcs $@ $^
$(codec_lib): $(call objects,$(codec_src) $(gen_c))
	$(archive)
$(daemon_lib): $(call objects,$(filter-out $(daemon_main),$(daemon_src)))
	$(archive)
$(client_lib): $(call objects,$(filter-out $(client_main),$(client_src)))
	$(archive)
$(support_lib): $(call objects,$(support_src))
	$(archive)

$(B)/teald: $(call objects,$(daemon_main)) $(daemon_lib) $(codec_lib)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -lpthread -o $@
$(B)/teal: $(call objects,$(client_main)) $(client_lib) $(daemon_lib) $(codec_lib)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -o $@

# A peer is every .c in its folder, and what the peers share.
define peer_rule
$(B)/peers/$(1): $$(call objects,$$(wildcard tests/peers/$(1)/*.c tests/peers/shared/*.c)) $(daemon_lib) $(codec_lib)
	@mkdir -p $$(@D)
	$$(call step,LINK) $$(LINK) $$^ $$(pkg_libs) -lpthread -o $$@
endef
$(foreach peer,$(peers),$(eval $(call peer_rule,$(peer))))

test_deps := $(support_lib) $(client_lib) $(daemon_lib) $(codec_lib)
$(test_bin) $(vector_bin): $(B)/%: $(B)/%.o $(test_deps)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -lcmocka -lpthread -o $@
# What scripts among the tests have the codecs do.
$(tool_bin): $(B)/%: $(B)/%.o $(codec_lib)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -o $@
$(bench_bin): $(B)/%: $(B)/%.o $(call objects,$(bench_shared)) $(test_deps)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -lcmocka -lpthread -o $@
# Without libFuzzer a target runs over the inputs that it is given.
fuzz_main := $(if $(filter fuzz afl,$(VARIANT)),,$(B)/tests/fuzz/replay.o)
$(fuzz_bin): $(B)/%: $(B)/%.o $(call objects,$(fuzz_shared)) $(fuzz_main) $(test_deps)
	$(call step,LINK) $(LINK) $^ $(pkg_libs) -lpthread -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)
