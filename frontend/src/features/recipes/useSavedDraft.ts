import { useEffect } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { isObject, type JsonObject } from '@/lib/json'

const SAVE_DELAY_MS = 300

/** What of a draft does not stand in the address. */
export interface SavedDraft {
  preset: string | null
  recipe: JsonObject
  isEdited: boolean
  name: string
}

/** The draft that this entry of the browser's history holds; it is there again after a reload and on the way back. */
export function useSavedDraft(): SavedDraft | null {
  const state: unknown = useLocation().state
  return isObject(state) && isDraft(state.draft) ? state.draft : null
}

/** Keeps a draft with the entry of the browser's history, a moment after its last change. */
export function useSaving({ preset, recipe, isEdited, name }: SavedDraft) {
  const navigate = useNavigate()
  const { search } = useLocation()
  useEffect(() => {
    const state = { draft: { preset, recipe, isEdited, name } }
    const timer = setTimeout(() => void navigate({ search }, { replace: true, preventScrollReset: true, state }), SAVE_DELAY_MS)
    return () => clearTimeout(timer)
  }, [navigate, search, preset, recipe, isEdited, name])
}

function isDraft(value: unknown): value is SavedDraft & JsonObject {
  return isObject(value) && isObject(value.recipe) && typeof value.name === 'string' && typeof value.isEdited === 'boolean'
}
