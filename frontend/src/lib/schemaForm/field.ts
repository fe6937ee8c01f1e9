import { isObject, type JsonObject, type JsonValue } from '@/lib/json'

/** What a form needs to know of one place in a JSON schema. */
export interface Field {
  name: string
  label: string
  help: string
  initial: JsonValue
  shape: Shape
}

export type Shape =
  | { kind: 'hidden' }
  | { kind: 'group'; fields: Field[] }
  | { kind: 'union'; tag: string; variants: Variant[] }
  | { kind: 'optional'; inner: Field }
  | { kind: 'choice'; options: (string | number)[] }
  | { kind: 'number'; isInteger: boolean; minimum: number | null; maximum: number | null }
  | { kind: 'names' }
  | { kind: 'switch' }
  | { kind: 'text' }

/** One member of a discriminated union; `fields` leaves the tag out. */
export interface Variant {
  value: string
  label: string
  help: string
  fields: Field[]
  initial: JsonObject
}

type Definitions = JsonObject

/** Reads a JSON schema of objects, discriminated unions, optional parts, enumerations, numbers, switches and texts. */
export function readSchema(root: JsonObject): Field {
  return readField('', root, isObject(root.$defs) ? root.$defs : {})
}

function readField(name: string, place: JsonObject, definitions: Definitions): Field {
  const schema = resolve(place, definitions)
  const shape = readShape(name, schema, definitions)
  const initial = 'default' in schema ? (schema.default ?? null) : initialOf(shape, schema)
  return { name, label: toLabel(name), help: firstParagraph(schema.description), initial, shape }
}

function readShape(name: string, schema: JsonObject, definitions: Definitions): Shape {
  if ('const' in schema) return { kind: 'hidden' }
  const tag = isObject(schema.discriminator) ? schema.discriminator.propertyName : undefined
  if (typeof tag === 'string') {
    const variants = objects(schema.oneOf).map((option) => readVariant(tag, resolve(option, definitions), definitions))
    return { kind: 'union', tag, variants }
  }
  const inner = optionalPart(schema)
  if (inner) return { kind: 'optional', inner: readField(name, inner, definitions) }
  if (Array.isArray(schema.enum)) return { kind: 'choice', options: schema.enum.filter(isOption) }
  if (schema.type === 'integer' || schema.type === 'number') return readNumber(schema)
  if (schema.type === 'array') return { kind: 'names' }
  if (schema.type === 'boolean') return { kind: 'switch' }
  if (schema.type !== 'object') return { kind: 'text' }
  return { kind: 'group', fields: readProperties(schema, definitions) }
}

function readVariant(tag: string, schema: JsonObject, definitions: Definitions): Variant {
  const place = isObject(schema.properties) ? schema.properties[tag] : undefined
  const value = isObject(place) && typeof place.const === 'string' ? place.const : ''
  const fields = readProperties(schema, definitions).filter((field) => field.name !== tag)
  const initial = { [tag]: value, ...Object.fromEntries(fields.map((field) => [field.name, field.initial])) }
  return { value, label: toLabel(value), help: firstParagraph(schema.description), fields, initial }
}

function readProperties(schema: JsonObject, definitions: Definitions): Field[] {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  return properties.flatMap(([name, place]) => (isObject(place) ? [readField(name, place, definitions)] : []))
}

function readNumber(schema: JsonObject): Shape {
  const bound = (...names: string[]) =>
    names.map((name) => schema[name]).find((value) => typeof value === 'number') ?? null
  return {
    kind: 'number',
    isInteger: schema.type === 'integer',
    minimum: bound('minimum', 'exclusiveMinimum'),
    maximum: bound('maximum', 'exclusiveMaximum'),
  }
}

function initialOf(shape: Shape, schema: JsonObject): JsonValue {
  if ('const' in schema) return schema.const ?? null
  if (shape.kind === 'union') return shape.variants[0]?.initial ?? null
  if (shape.kind === 'group') return Object.fromEntries(shape.fields.map((field) => [field.name, field.initial]))
  if (shape.kind === 'choice') return shape.options[0] ?? null
  if (shape.kind === 'names') return []
  if (shape.kind === 'switch') return false
  return null
}

/** Nothing can be chosen here: a constant, or a group of constants. */
export function isHidden(field: Field): boolean {
  return field.shape.kind === 'hidden' || (field.shape.kind === 'group' && field.shape.fields.every(isHidden))
}

/** Follows a reference; what is written beside it (a description, a default) wins. */
function resolve(place: JsonObject, definitions: Definitions): JsonObject {
  if (typeof place.$ref !== 'string') return place
  const target = definitions[place.$ref.replace('#/$defs/', '')]
  return { ...(isObject(target) ? resolve(target, definitions) : {}), ...place }
}

/** The part of `anyOf: [part, null]` that is not null. */
function optionalPart(schema: JsonObject): JsonObject | null {
  const parts = objects(schema.anyOf)
  const others = parts.filter((part) => part.type !== 'null')
  return parts.length === 2 && others.length === 1 ? (others[0] ?? null) : null
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isOption(value: JsonValue): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function firstParagraph(description: JsonValue | undefined): string {
  return typeof description === 'string' ? (description.split('\n\n')[0] ?? '').replaceAll('\n', ' ') : ''
}

/** `learning_rate_decay` becomes "Learning rate decay"; abbreviations keep their capitals. */
export function toLabel(name: string): string {
  const words = name.replaceAll('_', ' ').replace(/\bmacs\b/, 'MACs').replace(/^(sgd|obd|obs|erk|lamp)$/, (word) => word.toUpperCase())
  return words.charAt(0).toUpperCase() + words.slice(1)
}
