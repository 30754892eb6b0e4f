/**
 * The functions of libbpf.so.1 that weir calls. The library is opened when the first of them is needed. libbpf opens, relocates
 * and loads objects, and speaks netlink for clsact; everything else uses plain descriptors.
 */

import koffi, { type LibraryHandle } from "koffi";

import { KernelError } from "./errors.ts";

/** An address; null is NULL. A Buffer may be passed wherever C takes a pointer, and is then read and written in place. */
export type Pointer = bigint | null;
export type Memory = Uint8Array | Pointer;

const PRINT_LIMIT = 16 << 20;

export type Libbpf = ReturnType<typeof declare>;

let loaded: Libbpf | undefined;
let captured: string[] | undefined;

export function libbpf(): Libbpf {
  return (loaded ??= load());
}

export interface Heard<T> {
  result: T;
  messages: string;
}

/** Runs `action` and returns its result together with the warnings that libbpf printed meanwhile, verifier logs included. */
export function withMessages<T>(action: () => T): Heard<T> {
  const messages: string[] = [];
  const outer = captured;
  captured = messages;
  try {
    return { result: action(), messages: messages.join("") };
  } finally {
    captured = outer;
  }
}

/** Does the same for an action that libbpf runs in a thread of its own. Only one runs at a time. */
export async function withMessagesAside<T>(action: () => Promise<T>): Promise<Heard<T>> {
  const messages: string[] = [];
  captured = messages;
  try {
    return { result: await action(), messages: messages.join("") };
  } finally {
    captured = undefined;
  }
}

function load(): Libbpf {
  try {
    const functions = declare(koffi.load("libbpf.so.1"));
    capturePrinting(functions);
    return functions;
  } catch (error) {
    throw new KernelError("load libbpf.so.1", "ENOENT", {
      reason: `the library is missing or too old; install it (Debian and Ubuntu: apt install libbpf1, Fedora: dnf install libbpf)`,
      log: String(error),
    });
  }
}

function declare(library: LibraryHandle) {
  koffi.struct("weir_test_run_options", {
    sz: "size_t",
    data_in: "void *",
    data_out: "void *",
    data_size_in: "uint32_t",
    data_size_out: "uint32_t",
    ctx_in: "void *",
    ctx_out: "void *",
    ctx_size_in: "uint32_t",
    ctx_size_out: "uint32_t",
    retval: "uint32_t",
    repeat: "int",
    duration: "uint32_t",
    flags: "uint32_t",
    cpu: "uint32_t",
    batch_size: "uint32_t",
  });
  const define = <F>(definition: string): F => library.func(definition) as unknown as F;
  return {
    setPrint: define<(callback: Pointer) => Pointer>("void *libbpf_set_print(void *callback)"),
    possibleCpus: define<() => number>("int libbpf_num_possible_cpus(void)"),

    objectOpen: define<(path: string, options: null) => Pointer>("void *bpf_object__open_file(const char *path, void *options)"),
    objectLoad: define<Aside<(object: Pointer) => number>>("int bpf_object__load(void *object)"),
    objectClose: define<(object: Pointer) => void>("void bpf_object__close(void *object)"),
    objectBtf: define<(object: Pointer) => Pointer>("void *bpf_object__btf(void *object)"),
    btfOfKernel: define<(id: number) => Pointer>("void *btf__load_from_kernel_by_id(uint32_t id)"),
    btfFree: define<(btf: Pointer) => void>("void btf__free(void *btf)"),
    btfRawData: define<(btf: Pointer, size: Uint8Array) => Pointer>("void *btf__raw_data(void *btf, void *size)"),
    nextMap: define<(object: Pointer, after: Pointer) => Pointer>("void *bpf_object__next_map(void *object, void *after)"),
    nextProgram: define<(object: Pointer, after: Pointer) => Pointer>("void *bpf_object__next_program(void *object, void *after)"),

    mapName: define<(map: Pointer) => string>("const char *bpf_map__name(void *map)"),
    mapFd: define<(map: Pointer) => number>("int bpf_map__fd(void *map)"),
    mapIsInternal: define<(map: Pointer) => boolean>("bool bpf_map__is_internal(void *map)"),
    mapType: define<(map: Pointer) => number>("int bpf_map__type(void *map)"),
    mapKeySize: define<(map: Pointer) => number>("uint32_t bpf_map__key_size(void *map)"),
    mapValueSize: define<(map: Pointer) => number>("uint32_t bpf_map__value_size(void *map)"),
    mapMaxEntries: define<(map: Pointer) => number>("uint32_t bpf_map__max_entries(void *map)"),
    mapFlags: define<(map: Pointer) => number>("uint32_t bpf_map__map_flags(void *map)"),
    mapSetMaxEntries: define<(map: Pointer, entries: number) => number>("int bpf_map__set_max_entries(void *map, uint32_t entries)"),
    mapReuse: define<(map: Pointer, fd: number) => number>("int bpf_map__reuse_fd(void *map, int fd)"),
    mapSetPinPath: define<(map: Pointer, path: null) => number>("int bpf_map__set_pin_path(void *map, void *path)"),
    mapInitialValue: define<(map: Pointer, size: Uint8Array) => Pointer>("void *bpf_map__initial_value(void *map, void *size)"),

    programName: define<(program: Pointer) => string>("const char *bpf_program__name(void *program)"),
    programFd: define<(program: Pointer) => number>("int bpf_program__fd(void *program)"),
    programType: define<(program: Pointer) => number>("int bpf_program__type(void *program)"),
    programSection: define<(program: Pointer) => string>("const char *bpf_program__section_name(void *program)"),
    programAttachType: define<(program: Pointer) => number>("int bpf_program__expected_attach_type(void *program)"),
    programSetAutoload: define<(program: Pointer, load: boolean) => number>("int bpf_program__set_autoload(void *program, bool load)"),

    lookup: define<(fd: number, key: Uint8Array, value: Uint8Array) => number>("int bpf_map_lookup_elem(int fd, void *key, void *value)"),
    update: define<(fd: number, key: Uint8Array, value: Uint8Array, flags: number) => number>(
      "int bpf_map_update_elem(int fd, void *key, void *value, uint64_t flags)",
    ),
    delete: define<(fd: number, key: Uint8Array) => number>("int bpf_map_delete_elem(int fd, void *key)"),
    nextKey: define<(fd: number, key: Uint8Array | null, next: Uint8Array) => number>(
      "int bpf_map_get_next_key(int fd, void *key, void *next)",
    ),
    lookupBatch: define<Batch>(
      "int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, void *count, void *options)",
    ),
    lookupAndDeleteBatch: define<Batch>(
      "int bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values, void *count, void *options)",
    ),
    updateBatch: define<(fd: number, keys: Uint8Array, values: Uint8Array, count: Uint8Array, options: null) => number>(
      "int bpf_map_update_batch(int fd, void *keys, void *values, void *count, void *options)",
    ),

    pin: define<(fd: number, path: string) => number>("int bpf_obj_pin(int fd, const char *path)"),
    get: define<(path: string) => number>("int bpf_obj_get(const char *path)"),
    info: define<(fd: number, info: Uint8Array, size: Uint8Array) => number>("int bpf_obj_get_info_by_fd(int fd, void *info, void *size)"),
    programFdById: define<(id: number) => number>("int bpf_prog_get_fd_by_id(uint32_t id)"),
    testRun: define<(fd: number, options: TestRunOptions) => number>(
      "int bpf_prog_test_run_opts(int fd, _Inout_ weir_test_run_options *options)",
    ),

    programLoad: define<(type: number, name: string, license: string, instructions: Uint8Array, count: number, options: null) => number>(
      "int bpf_prog_load(int type, const char *name, const char *license, void *instructions, size_t count, void *options)",
    ),
    mapCreate: define<
      (type: number, name: string, keySize: number, valueSize: number, entries: number, options: Uint8Array | null) => number
    >("int bpf_map_create(int type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries, void *options)"),
    vmlinuxBtfId: define<(name: string, attachType: number) => number>("int libbpf_find_vmlinux_btf_id(const char *name, int attach_type)"),

    linkCreate: define<(program: number, target: number, type: number, options: Uint8Array | null) => number>(
      "int bpf_link_create(int program, int target, int type, void *options)",
    ),
    linkUpdate: define<(link: number, program: number, options: null) => number>(
      "int bpf_link_update(int link, int program, void *options)",
    ),
    linkDetach: define<(link: number) => number>("int bpf_link_detach(int link)"),
    rawTracepointOpen: define<(name: string | null, program: number) => number>(
      "int bpf_raw_tracepoint_open(const char *name, int program)",
    ),
    iterCreate: define<(link: number) => number>("int bpf_iter_create(int link)"),
    xdpQueryId: define<(ifindex: number, flags: number, id: Uint8Array) => number>(
      "int bpf_xdp_query_id(int ifindex, int flags, void *id)",
    ),

    tcHookCreate: define<(hook: Uint8Array) => number>("int bpf_tc_hook_create(void *hook)"),
    tcHookDestroy: define<(hook: Uint8Array) => number>("int bpf_tc_hook_destroy(void *hook)"),
    tcAttach: define<(hook: Uint8Array, options: Uint8Array) => number>("int bpf_tc_attach(void *hook, void *options)"),
    tcDetach: define<(hook: Uint8Array, options: Uint8Array) => number>("int bpf_tc_detach(void *hook, void *options)"),
    tcQuery: define<(hook: Uint8Array, options: Uint8Array) => number>("int bpf_tc_query(void *hook, void *options)"),
  };
}

/** The members of struct bpf_test_run_opts; the kernel writes data_size_out, retval and duration. */
export interface TestRunOptions {
  sz: number;
  data_in: Memory;
  data_out: Memory;
  data_size_in: number;
  data_size_out: number;
  ctx_in: Memory;
  ctx_out: null;
  ctx_size_in: number;
  ctx_size_out: number;
  retval: number;
  repeat: number;
  duration: number;
  flags: number;
  cpu: number;
  batch_size: number;
}

/** A function that can also be called in a thread of its own. */
type Aside<F extends (...values: never[]) => unknown> = F & {
  async(...values: [...Parameters<F>, (error: unknown, result: ReturnType<F>) => void]): void;
};

type Batch = (
  fd: number,
  inBatch: Uint8Array | null,
  outBatch: Uint8Array,
  keys: Uint8Array,
  values: Uint8Array,
  count: Uint8Array,
  options: null,
) => number;

/**
 * libbpf prints through a callback that gets a va_list. Both the x86-64 and the arm64 convention hand that over
 * as a pointer, which vsnprintf takes as it is.
 */
function capturePrinting(functions: Libbpf): void {
  const vsnprintf = koffi.load("libc.so.6").func("int vsnprintf(void *text, size_t size, const char *format, void *arguments)");
  const print = koffi.proto("int weir_libbpf_print(int level, const char *format, void *arguments)");
  const callback = koffi.register((level: number, format: string, values: Pointer) => {
    if (level !== 0 || captured === undefined) return 0; // 0 is LIBBPF_WARN; messages of other levels are ignored
    // A verifier log comes in one call. Untouched pages of this buffer cost nothing.
    const text = Buffer.allocUnsafeSlow(PRINT_LIMIT);
    const length = Math.min(vsnprintf(text, text.length, format, values) as number, text.length - 1);
    if (length > 0) captured.push(text.toString("utf8", 0, length));
    return 0;
  }, koffi.pointer(print));
  functions.setPrint(callback);
}
