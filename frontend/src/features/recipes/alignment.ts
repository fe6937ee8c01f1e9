import { isObject, replaceAt, type JsonObject } from '@/lib/json'

/** Widths that run fast end at multiples of eight: the kernels of processors and GPUs work in blocks of that size. */
const FAST = 8
const FREE = 1
const PATH = ['prune', 'width_multiple'] as const

/** The multiple that a recipe's widths end at. */
export function alignmentOf(recipe: JsonObject): number {
  const value = isObject(recipe.prune) ? recipe.prune.width_multiple : undefined
  return typeof value === 'number' ? value : FREE
}

/** Who asks for fewer MACs wants speed, and gets widths that are fast; any other target leaves them free. */
export function alignForTarget(recipe: JsonObject): JsonObject {
  const kind = isObject(recipe.target) ? recipe.target.kind : undefined
  return withAlignment(recipe, kind === 'macs' ? FAST : FREE)
}

/** Single weights leave all widths as they are: there is nothing to align. */
export function withAlignment(recipe: JsonObject, multiple: number): JsonObject {
  return replaceAt(recipe, PATH, takesSingleWeights(recipe) ? FREE : multiple)
}

function takesSingleWeights({ prune }: JsonObject): boolean {
  return isObject(prune) && isObject(prune.granularity) && prune.granularity.kind === 'unstructured'
}

/** The layers that a recipe keeps whole. */
export function pinsOf(recipe: JsonObject): string[] {
  const value = isObject(recipe.prune) ? recipe.prune.pins : undefined
  return Array.isArray(value) ? value.filter((pin) => typeof pin === 'string') : []
}

/** Pins and times name the layers of one network: for another one they are left out. */
export function forAnotherNetwork(recipe: JsonObject): JsonObject {
  const unpinned = pinsOf(recipe).length > 0 ? withPins(recipe, []) : recipe
  if (!isObject(recipe.latency)) return unpinned
  return replaceAt(replaceAt(unpinned, ['latency', 'layers'], []), ['latency', 'behind'], [])
}

/** Keeps exactly these layers whole. */
export function withPins(recipe: JsonObject, pins: readonly string[]): JsonObject {
  return replaceAt(recipe, ['prune', 'pins'], [...pins])
}
