import { useParams } from 'react-router'
import { FailureNotice } from '@/components/FailureNotice'
import { Page } from '@/components/Page'
import { Query } from '@/components/Query'
import { StateBadge } from '@/components/StateBadge'
import type { Run } from '@/lib/api/types'
import { useLiveRun } from '@/lib/live/useLiveRun'
import { isOver, useRun } from '@/lib/queries/useRun'
import { AccuracyPanel } from './AccuracyPanel'
import { ArchitecturePanel } from './ArchitecturePanel'
import { GateGradientsPanel } from './GateGradientsPanel'
import { GatesPanel } from './GatesPanel'
import { LastCheckpoint } from './LastCheckpoint'
import { LossPanel } from './LossPanel'
import { OrderPanel } from './OrderPanel'
import { PlainFigurePanel } from './PlainFigurePanel'
import { PointsPanel } from './PointsPanel'
import { ProgressPanel } from './ProgressPanel'
import { QualityPanels } from './QualityPanels'
import { RunActions } from './RunActions'
import { RunOrigin } from './RunOrigin'
import { SampleResult } from './SampleResult'
import { ScoresPanel } from './ScoresPanel'

/** Two figures, one above the other. */
const INFORMATION_ROWS = 26

export function RunPage() {
  const { id = '' } = useParams()
  const run = useRun(id)
  useLiveRun(id, run.data !== undefined && !isOver(run.data.state))
  return <Query query={run}>{(data) => <RunView run={data} />}</Query>
}

function RunView({ run }: { run: Run }) {
  return (
    <Page
      title={run.name}
      mark={<StateBadge state={run.state} />}
      summary={<RunOrigin run={run} />}
      actions={<RunActions run={run} />}
    >
      {run.error && <FailureNotice failure={run.error} />}
      <LastCheckpoint run={run} />
      <ProgressPanel run={run} />
      {run.kind === 'sample' ? <SampleResult run={run} /> : <PruneResult run={run} />}
      <LossPanel run={run} />
      <PlainFigurePanel
        id={run.id}
        name="information"
        title="How much the loss hangs on each layer"
        help="Fisher mass: the rise of the loss when the layer's channels go, one by one, summed. Fisher-Rao norm: how fast the loss changes when the whole layer is scaled. Coupled layers share one line."
        rows={INFORMATION_ROWS}
      />
      <OrderPanel run={run} />
    </Page>
  )
}

function PruneResult({ run }: { run: Run }) {
  const keepsShapes = run.layout?.granularity === 'unstructured'
  return (
    <>
      <AccuracyPanel id={run.id} units={keepsShapes ? 'Weights' : 'Channels'} />
      <PointsPanel id={run.id} />
      <ArchitecturePanel run={run} />
      <PlainFigurePanel
        id={run.id}
        name="widths"
        title={keepsShapes ? 'Weights over time' : 'Widths over time'}
        help={`How ${keepsShapes ? 'many of its weights' : 'much of its dense width'} every layer keeps, step by step. Operating points are shown as they are handed out: without channels that are dead, which the network in training still carries.`}
        rows={run.layout?.layers.length ?? 0}
      />
      <ScoresPanel run={run} />
      <GatesPanel run={run} />
      <GateGradientsPanel run={run} />
      <QualityPanels run={run} />
    </>
  )
}
