import { isObject, isSame, replaceAt, type JsonObject, type JsonValue } from '@/lib/json'
import { alignmentOf, pinsOf, withAlignment, withPins } from './alignment'

/** What methods that are compared have in common; it is the user's as soon as it differs from the preset's. */
const SHARED = [
  ['seed'],
  ['prune', 'points'],
  ['retrain', 'epochs'],
  ['retrain', 'optimizer'],
  ['retrain', 'learning_rate_decay'],
  ['retrain', 'learning_rate_warm_up'],
  ['retrain', 'gradient_norm'],
] as const
/** Sections of which every setting is shared. */
const SECTIONS = ['data', 'compute'] as const

interface Carried {
  recipe: JsonObject
  /** The settings that the new preset would have had otherwise, such as `retrain.epochs`. */
  kept: string[]
}

/**
 * Another preset with what was chosen beside the method: target, alignment and pins, and of seed, data, points and
 * retraining what had been changed of the preset `before`, or all of it where there was none.
 */
export function carried(preset: JsonObject, before: JsonObject | undefined, current: JsonObject): Carried {
  const target = current.target === undefined ? preset : { ...preset, target: current.target }
  let recipe = withPins(withAlignment(target, alignmentOf(current)), pinsOf(current))
  const kept: string[] = []
  for (const path of sharedPaths(current)) {
    const value = at(current, path)
    const isOwn = value !== undefined && (before === undefined || !isSame(value, at(before, path)))
    if (!isOwn || isSame(value, at(recipe, path)) || isOfTheMethod(path, recipe, current)) continue
    recipe = replaceAt(recipe, path, value)
    kept.push(path.join('.'))
  }
  return { recipe, kept }
}

function sharedPaths(current: JsonObject): readonly (readonly string[])[] {
  const inSections = SECTIONS.flatMap((section) => Object.keys(objectAt(current, section)).map((name) => [section, name]))
  return [...SHARED, ...inSections]
}

/** Rewinding goes by the learning rates of the dense training, and some methods do not retrain at all. */
function isOfTheMethod(path: readonly string[], preset: JsonObject, current: JsonObject): boolean {
  if (path[0] !== 'retrain') return false
  const own = objectAt(preset, 'retrain')
  if (own.epochs === 0) return true
  const rewinds = own.learning_rate_decay === 'rewind' || objectAt(current, 'retrain').learning_rate_decay === 'rewind'
  return rewinds && path[1] !== 'epochs'
}

function at(recipe: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = recipe
  for (const name of path) value = isObject(value) ? value[name] : undefined
  return value
}

function objectAt(recipe: JsonObject, name: string): JsonObject {
  const value = recipe[name]
  return isObject(value) ? value : {}
}
