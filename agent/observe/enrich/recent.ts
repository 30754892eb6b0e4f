/** A map of limited size that forgets the oldest entries first. */
export class Recent<Key, Value> {
  readonly #known = new Map<Key, Value>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: Key): Value | undefined {
    return this.#known.get(key);
  }

  get all(): ReadonlyMap<Key, Value> {
    return this.#known;
  }

  /** Returns the value and makes its entry the newest. */
  renew(key: Key): Value | undefined {
    const value = this.#known.get(key);
    if (value !== undefined && this.#known.delete(key)) this.#known.set(key, value);
    return value;
  }

  set(key: Key, value: Value): Value {
    if (!this.#known.has(key) && this.#known.size >= this.#capacity) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, value);
    return value;
  }
}
