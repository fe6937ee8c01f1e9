import { Anchor, Table, Text } from '@mantine/core'
import { Link } from 'react-router'
import { StateBadge } from '@/components/StateBadge'
import type { ModelEntry } from '@/lib/api/types'
import { formatBytes, formatCompact, formatMoment } from '@/lib/format'
import { paths } from '@/lib/paths'

export function ModelTable({ models }: { models: ModelEntry[] }) {
  return (
    <Table highlightOnHover data-testid="models">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Model</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">
            Parameters
          </Table.Th>
          <Table.Th ta="right" visibleFrom="sm">
            MACs
          </Table.Th>
          <Table.Th ta="right" visibleFrom="md">
            File size
          </Table.Th>
          <Table.Th visibleFrom="md">Added</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {models.map((model) => (
          <ModelRow key={model.id} model={model} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

function ModelRow({ model }: { model: ModelEntry }) {
  return (
    <Table.Tr data-testid="model-row">
      <Table.Td>
        <Anchor component={Link} to={paths.model(model.id)} fw={500} style={{ overflowWrap: 'anywhere' }}>
          {model.name}
        </Anchor>
        <Text size="xs" c="dimmed">
          {model.architecture ?? model.file_name}
          {model.source === 'sample' && ' · trained here'}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge state={model.state} />
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="sm">
        {formatCompact(model.parameters)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="sm">
        {formatCompact(model.macs)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="md">
        {formatBytes(model.file_size)}
      </Table.Td>
      <Table.Td visibleFrom="md">{formatMoment(model.created_at)}</Table.Td>
    </Table.Tr>
  )
}
