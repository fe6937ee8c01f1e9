import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { Facts } from '@/components/Facts'
import { Figure } from '@/components/figure/Figure'
import { Hash } from '@/components/Hash'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { Model, NetworkSummary } from '@/lib/api/types'
import { formatBytes, formatCount, formatMoment, formatPercent, formatShape } from '@/lib/format'
import { files } from '@/lib/paths'
import { useModelFigure } from '@/lib/queries/useModelFigure'
import { InputsPanel } from './InputsPanel'
import { LayersPanel } from './LayersPanel'
import { ReportPanel } from './ReportPanel'
import { useLayerView } from './useLayerView'

/** A model that is ready to be pruned: its counts, what can go, its picture, its layers. */
export function ReadyModel({ model, summary }: { model: Model; summary: NetworkSummary }) {
  const view = useLayerView()
  return (
    <>
      <Panel title="Overview" actions={<DownloadButton id={model.id} />}>
        <Facts facts={listFacts(model, summary)} />
      </Panel>
      {needsWords(summary.inputs) && <InputsPanel inputs={summary.inputs} />}
      {model.report && <ReportPanel report={model.report} />}
      <Panel title="Thick and thin" help="One block per layer: its height is the width, its depth the share of the MACs.">
        <Query query={useModelFigure(model.id)} height={320}>
          {(figure) => <Figure figure={figure} name="architecture" label="Architecture of the network" height={320} />}
        </Query>
      </Panel>
      {model.report && <LayersPanel model={model} summary={summary} report={model.report} view={view} />}
    </>
  )
}

/** One array of pixels or features is what everybody expects. */
function needsWords(inputs: NetworkSummary['inputs']) {
  return inputs.length > 1 || inputs.some(({ type }) => !type?.includes('float'))
}

function listFacts(model: Model, summary: NetworkSummary) {
  return [
    { name: 'Architecture', value: summary.architecture, testId: 'architecture' },
    { name: 'Parameters', value: formatCount(summary.parameters), testId: 'parameters' },
    { name: 'MACs per example', value: formatCount(summary.macs), testId: 'macs' },
    { name: 'File size', value: formatBytes(model.file_size) },
    { name: 'Input shape', value: summary.inputs.map(({ shape }) => formatShape(shape)).join(' and '), testId: 'input-shape' },
    { name: 'Classes', value: formatCount(summary.class_count) },
    { name: 'Content hash', value: <Hash value={model.content_hash} label="content hash" /> },
    model.test_accuracy == null
      ? { name: 'Added', value: formatMoment(model.created_at) }
      : { name: 'Test accuracy', value: formatPercent(model.test_accuracy, 2), testId: 'test-accuracy' },
  ]
}

function DownloadButton({ id }: { id: string }) {
  return (
    <Button component="a" href={files.model(id)} download variant="default" size="xs" leftSection={<IconDownload size={14} />}>
      .safetensors
    </Button>
  )
}
