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
