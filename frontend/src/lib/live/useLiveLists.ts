import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { files } from '@/lib/paths'
import { datasetsKey, modelsKey, runListKey } from '@/lib/queries/keys'
import { throttle } from '@/lib/throttle'
import { useEventStream } from './useEventStream'

const LISTS_MS = 1000
const STEPS_MS = 3000
const TYPES = ['state', 'step', 'point'] as const

/** Keeps the lists of models, datasets and runs fresh. */
export function useLiveLists(isActive: boolean) {
  const client = useQueryClient()
  const refresh = useMemo(() => {
    const invalidate = (...keys: (readonly unknown[])[]) =>
      keys.forEach((queryKey) => void client.invalidateQueries({ queryKey }))
    return {
      all: throttle(() => invalidate(modelsKey, datasetsKey, runListKey), LISTS_MS),
      runs: throttle(() => invalidate(runListKey), STEPS_MS),
    }
  }, [client])
  useEffect(() => () => Object.values(refresh).forEach((each) => each.cancel()), [refresh])
  useEventStream(isActive ? files.events : null, TYPES, {
    onOpen: () => refresh.all.call(),
    onEvent: (type) => (type === 'state' ? refresh.all.call() : refresh.runs.call()),
  })
}
