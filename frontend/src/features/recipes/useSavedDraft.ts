import { useEffect, useState } from 'react'
import { useLocation, type Location } from 'react-router'
import { isObject, type JsonObject } from '@/lib/json'

const SAVE_DELAY_MS = 300

/** What of a draft does not stand in the address. */
export interface SavedDraft {
  preset: string | null
  recipe: JsonObject
  isEdited: boolean
  name: string
}

/** The draft that was kept for this entry of the browser's history: it is there again after a reload and on the way back. */
export function useSavedDraft(): SavedDraft | null {
  const location = useLocation()
  const [saved] = useState(() => read(placeOf(location)))
  return saved
}

/** Keeps a draft for this entry of the browser's history, a moment after its last change. */
export function useSaving({ preset, recipe, isEdited, name }: SavedDraft) {
  const place = placeOf(useLocation())
  useEffect(() => {
    const timer = setTimeout(() => write(place, { preset, recipe, isEdited, name }), SAVE_DELAY_MS)
    return () => clearTimeout(timer)
  }, [place, preset, recipe, isEdited, name])
}

/** Entries that a page begins with share their key: the address tells them apart. */
export function placeOf({ key, search }: Pick<Location, 'key' | 'search'>): string {
  return `draft ${key} ${search}`
}

function read(place: string): SavedDraft | null {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(place) ?? 'null')
    return isDraft(value) ? value : null
  } catch {
    return null
  }
}

function write(place: string, draft: SavedDraft) {
  try {
    sessionStorage.setItem(place, JSON.stringify(draft))
  } catch {
    // without storage, or where it is full, a draft lives as long as its page
  }
}

function isDraft(value: unknown): value is SavedDraft & JsonObject {
  return isObject(value) && isObject(value.recipe) && typeof value.name === 'string' && typeof value.isEdited === 'boolean'
}
