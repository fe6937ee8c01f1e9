import { Button, Group, NumberInput, Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { ErrorNotice } from '@/components/ErrorNotice'
import { Query } from '@/components/Query'
import type { Dataset, SampleOrder } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useDatasets } from '@/lib/queries/useDatasets'
import { useStartRun } from '@/lib/queries/useStartRun'

type Architecture = SampleOrder['architecture']

const TITLES: Record<Architecture, string> = {
  lenet5: 'LeNet-5-Caffe (20-50-500)',
  lenet300: 'LeNet-300-100',
  vgg_small_bn: 'Small VGG with batch norm',
  resnet20: 'ResNet-20',
}

/** Orders a reference network, trained here on a built-in dataset, so that there is something to prune. */
export function SampleForm() {
  const datasets = useDatasets()
  return (
    <Query query={datasets}>
      {(all) => <Order datasets={all.filter((dataset) => dataset.source === 'builtin' && dataset.state !== 'rejected')} />}
    </Query>
  )
}

function Order({ datasets }: { datasets: Dataset[] }) {
  const navigate = useNavigate()
  const [architecture, setArchitecture] = useState<Architecture>('lenet5')
  const [dataset, setDataset] = useState(datasets.find((each) => each.state === 'ready')?.id ?? null)
  const [epochs, setEpochs] = useState<number | null>(null)
  const { start, isBusy, error } = useStartRun((run) => void navigate(paths.run(run.id)))
  const send = () => {
    if (dataset) start({ kind: 'sample', dataset_id: dataset, order: { architecture, epochs } })
  }
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        A reference network of the literature, trained on this machine. It becomes a model that you can prune.
      </Text>
      <Select
        label="Network"
        data={Object.entries(TITLES).map(([value, label]) => ({ value, label }))}
        value={architecture}
        onChange={(value) => value && setArchitecture(value as Architecture)}
        allowDeselect={false}
      />
      <Select
        label="Data"
        data={datasets.map(({ id, title, state }) => ({ value: id, label: title, disabled: state !== 'ready' }))}
        value={dataset}
        onChange={setDataset}
        allowDeselect={false}
        placeholder="No dataset is ready yet"
      />
      <NumberInput
        label="Epochs"
        description="Passes over the training data; left empty, what the network needs."
        value={epochs ?? ''}
        onChange={(value) => setEpochs(typeof value === 'number' ? value : null)}
        allowDecimal={false}
        clampBehavior="none"
      />
      {error && <ErrorNotice error={error} />}
      <Group justify="flex-end">
        <Button onClick={send} loading={isBusy} disabled={!dataset}>
          Start training
        </Button>
      </Group>
    </Stack>
  )
}
