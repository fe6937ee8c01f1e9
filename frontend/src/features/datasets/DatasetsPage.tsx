import { Anchor, Table, Text } from '@mantine/core'
import { IconPhoto } from '@tabler/icons-react'
import { Link } from 'react-router'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { StateBadge } from '@/components/StateBadge'
import { UploadZone } from '@/components/upload/UploadZone'
import type { Dataset } from '@/lib/api/types'
import { formatCount, formatShape } from '@/lib/format'
import { paths } from '@/lib/paths'
import { useAddDataset } from '@/lib/queries/useAddDataset'
import { useDatasets } from '@/lib/queries/useDatasets'

const ENDINGS = ['.npz'] as const

export function DatasetsPage() {
  const datasets = useDatasets()
  const add = useAddDataset()
  return (
    <Page title="Datasets" summary="Labelled examples that networks are pruned and retrained on.">
      <UploadZone
        kind="dataset"
        endings={ENDINGS}
        title="Upload a dataset"
        help="Drop a .npz with x_train, y_train, x_test and y_test here, or click to choose one. For several inputs: x_train_image, x_test_image and so on."
        onUploaded={(id) => add.mutateAsync(id)}
      />
      <Panel title="Your datasets">
        <Query query={datasets} isEmpty={(all) => all.length === 0} empty={<Empty />}>
          {(all) => <DatasetTable datasets={all} />}
        </Query>
      </Panel>
    </Page>
  )
}

function Empty() {
  return (
    <EmptyState icon={<IconPhoto size={22} />} title="No datasets yet">
      The built-in ones appear once the worker has started; or upload your own above.
    </EmptyState>
  )
}

function DatasetTable({ datasets }: { datasets: Dataset[] }) {
  return (
    <Table highlightOnHover data-testid="datasets">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Dataset</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">Training</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">Test</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">Classes</Table.Th>
          <Table.Th visibleFrom="md">Shape</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {datasets.map((dataset) => (
          <DatasetRow key={dataset.id} dataset={dataset} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

function DatasetRow({ dataset: { id, title, source, state, summary } }: { dataset: Dataset }) {
  return (
    <Table.Tr data-testid="dataset-row">
      <Table.Td>
        <Anchor component={Link} to={paths.dataset(id)} fw={500} style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Anchor>
        <Text size="xs" c="dimmed">
          {source === 'builtin' ? 'built in' : 'uploaded'}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge state={state} />
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="sm">{formatCount(summary?.train_count)}</Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="sm">{formatCount(summary?.test_count)}</Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="sm">{formatCount(summary?.class_names.length)}</Table.Td>
      <Table.Td className="numbers" visibleFrom="md">{summary?.inputs.map(({ shape }) => formatShape(shape)).join(' and ') ?? '–'}</Table.Td>
    </Table.Tr>
  )
}
