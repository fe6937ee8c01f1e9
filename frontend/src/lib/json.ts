export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue | undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of `root` with the value at `path` replaced; objects on the way are copied, everything else is shared. */
export function replaceAt(root: JsonObject, path: readonly string[], value: JsonValue): JsonObject {
  const [head, ...rest] = path
  if (head === undefined) return isObject(value) ? value : root
  const child = root[head]
  return { ...root, [head]: rest.length === 0 ? value : replaceAt(isObject(child) ? child : {}, rest, value) }
}

/** Whether two values are equal, in whatever order the keys of their objects stand. */
export function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other))
}

/** The same value with the keys of all its objects in alphabetical order. */
export function inOrder(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((item) => inOrder(item) ?? null)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, inOrder(value[key])]))
}
