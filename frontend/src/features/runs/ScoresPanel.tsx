import { Select, Text } from '@mantine/core'
import { useState } from 'react'
import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { Run } from '@/lib/api/types'
import { usePoints } from '@/lib/queries/usePoints'
import { useRunFigure } from '@/lib/queries/useRunFigure'
import { countRows } from './told'

const LEAST_HEIGHT = 300
const ROW_HEIGHT = 26
const LAST = 'last'

/** Where the scores of each layer lay, and the cut; absent where no scores were recorded. */
export function ScoresPanel({ run }: { run: Run }) {
  const [chosen, setChosen] = useState(LAST)
  const points = usePoints(run.id)
  const last = useRunFigure(run.id, 'scores')
  const figure = useRunFigure(run.id, 'scores', chosen === LAST ? {} : { point: Number(chosen) })
  if (!last.data?.data.length) return null
  const later = (points.data ?? []).map((entry) => String(entry.point.index)).filter((index) => index !== '0')
  const data = [{ value: LAST, label: 'Last point' }, ...later.map((value) => ({ value, label: `Point ${value}` }))]
  const height = Math.max(LEAST_HEIGHT, countRows(last.data) * ROW_HEIGHT)
  const select = (
    <Select
      size="xs"
      w={130}
      aria-label="Scores of"
      data={data}
      value={chosen}
      onChange={(value) => setChosen(value ?? LAST)}
      allowDeselect={false}
    />
  )
  return (
    <Panel title="Scores and the cut" help={<Help run={run} />} actions={later.length > 1 && select} testId="scores">
      <Query
        query={figure}
        height={height}
        isEmpty={(drawn) => drawn.data.length === 0}
        empty={<Text c="dimmed" size="sm">Nothing had to go before this point, or it is from before scores were recorded.</Text>}
      >
        {(drawn) => <Figure figure={drawn} name="scores" label="Scores of every layer, and the cut" height={height} />}
      </Query>
    </Panel>
  )
}

function Help({ run }: { run: Run }) {
  const schedule = run.recipe?.prune.schedule?.kind
  return (
    <>
      How the scores lay among which {schedule === 'one_shot' ? 'the removal' : 'the last removal'} before the point
      chose; every layer is scaled to its own row. Costs and allocations decide between layers, and are not in the scores.
      {schedule !== 'one_shot' && ' Earlier removals on the way to the point had scores of their own.'}
    </>
  )
}
