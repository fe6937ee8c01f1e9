import { Anchor, Badge } from '@mantine/core'
import { Link, useParams } from 'react-router'
import { Page } from '@/components/Page'
import { Query } from '@/components/Query'
import type { PointEntry } from '@/lib/api/types'
import { formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'
import { usePoint } from '@/lib/queries/usePoint'
import { useRun } from '@/lib/queries/useRun'
import { FirstLayersPanel } from './FirstLayersPanel'
import { FormatsPanel } from './FormatsPanel'
import { LatencyPanel } from './LatencyPanel'
import { QualityPanel } from './QualityPanel'
import { SizePanel } from './SizePanel'

/** Where a network is taken home: its sizes, its measured speed, its files in every format. */
export function PointPage() {
  const { id = '', index = '' } = useParams()
  const point = usePoint(id, Number(index))
  return <Query query={point}>{(entry) => <PointView run={id} entry={entry} />}</Query>
}

function PointView({ run, entry }: { run: string; entry: PointEntry }) {
  const { index, is_target, test_accuracy } = entry.point
  const dense = usePoint(run, 0)
  const name = useRun(run).data?.name ?? 'the run'
  return (
    <Page
      title={index === 0 ? 'The dense network' : `Operating point ${index}`}
      mark={is_target ? <Badge variant="light" tt="none">target</Badge> : undefined}
      summary={
        <>
          {formatPercent(test_accuracy, 2)} test accuracy · from{' '}
          <Anchor component={Link} to={paths.run(run)} inherit>
            {name}
          </Anchor>
        </>
      }
    >
      <SizePanel entry={entry} dense={dense.data} />
      <QualityPanel entry={entry} dense={dense.data} />
      <FirstLayersPanel run={run} index={index} />
      <FormatsPanel run={run} entry={entry} />
      {!entry.keeps_shapes && <LatencyPanel run={run} entry={entry} />}
    </Page>
  )
}
