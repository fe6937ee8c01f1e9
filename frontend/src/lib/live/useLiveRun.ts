import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { files } from '@/lib/paths'
import { modelsKey, pointsKey, runFiguresKey, runKey, runListKey } from '@/lib/queries/keys'
import { throttle } from '@/lib/throttle'
import { useEventStream } from './useEventStream'

const NUMBERS_MS = 1000
const FIGURES_MS = 3000
const TYPES = ['state', 'step', 'point'] as const

/** Keeps one run's page fresh: the server says what changed, and the page asks for it again, not too often. */
export function useLiveRun(id: string, isActive: boolean) {
  const client = useQueryClient()
  const refresh = useMemo(() => {
    const invalidate = (queryKey: readonly unknown[], exact = false) => void client.invalidateQueries({ queryKey, exact })
    return {
      numbers: throttle(() => invalidate(runKey(id), true), NUMBERS_MS),
      figures: throttle(() => invalidate(runFiguresKey(id)), FIGURES_MS),
      points: throttle(() => invalidate(pointsKey(id)), NUMBERS_MS),
      lists: throttle(() => [runListKey, modelsKey].forEach((key) => invalidate(key)), FIGURES_MS),
    }
  }, [client, id])
  useEffect(() => () => Object.values(refresh).forEach((each) => each.cancel()), [refresh])
  const everything = () => Object.values(refresh).forEach((each) => each.call())
  useEventStream(isActive ? files.runEvents(id) : null, TYPES, {
    onOpen: everything,
    onEvent: (type) => {
      refresh.numbers.call()
      refresh.figures.call()
      if (type !== 'step') refresh.points.call()
      if (type === 'state') refresh.lists.call()
    },
  })
}
