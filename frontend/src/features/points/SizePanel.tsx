import { Table, Text } from '@mantine/core'
import { Panel } from '@/components/Panel'
import { PointNotices } from '@/components/PointNotices'
import type { PointEntry } from '@/lib/api/types'
import { formatBytes, formatCount, formatFactor, formatPercent } from '@/lib/format'

interface Row {
  name: string
  dense: string
  thin: string
  kept: number | null
  note: string
}

function weightsSize(entry: PointEntry | undefined): number | null {
  return entry?.files.find(({ name }) => name === 'model.safetensors')?.size ?? null
}

/** What the files of a network with zeros hold, zeros counted; nothing for points from before it was recorded. */
function listInFile(
  name: string,
  dense: number,
  thin: number | null | undefined,
  tell: (factor: number) => string,
): Row[] {
  if (thin === null || thin === undefined) return []
  return [{ name, dense: formatCount(dense), thin: formatCount(thin), kept: thin / dense, note: thin < dense ? tell(dense / thin) : '' }]
}

function listCompressed(entry: PointEntry, before: number | null): Row[] {
  const bytes = entry.point.zeros?.compressed_bytes
  if (bytes === undefined) return []
  return [
    {
      name: 'Compressed (values and indices)',
      dense: formatBytes(before),
      thin: formatBytes(bytes),
      kept: before === null ? null : bytes / before,
      note: 'computed, not a file',
    },
  ]
}

function listPrecise(entry: PointEntry, before: number | null): Row[] {
  const bits = entry.point.weight_bits
  if (!bits) return []
  return [
    {
      name: 'Bits that weights need (estimate)',
      dense: formatBytes(before),
      thin: formatBytes(bits.bytes),
      kept: before === null ? null : bits.bytes / before,
      note: `${tellBits(bits.layers)}, not a file`,
    },
  ]
}

function tellBits(layers: (number | null)[]): string {
  const known = layers.filter((bits) => bits !== null)
  const [least, most] = [Math.min(...known), Math.max(...known)]
  if (known.length === 0) return 'unknown'
  return least === most ? `${least} bits` : `${least} to ${most} bits`
}

function listRows(entry: PointEntry, dense: PointEntry | undefined): Row[] {
  const { point } = entry
  const [before, after] = [weightsSize(dense), weightsSize(entry)]
  const [parameters, macs] = ['Parameters', 'MACs per example']
  const { file_parameters, file_macs } = (entry.notice ? point.zeros : null) ?? {}
  const smaller = (factor: number) => `${formatFactor(factor)} smaller`
  const faster = (factor: number) => `${formatFactor(factor)} in theory`
  return [
    ...listInFile(`${parameters} in the file`, entry.dense_parameters, file_parameters, smaller),
    {
      name: entry.notice ? `${parameters} that are not zero` : parameters,
      dense: formatCount(entry.dense_parameters),
      thin: formatCount(point.parameters),
      kept: entry.parameters_density,
      note: entry.notice ? '' : smaller(entry.compression_ratio),
    },
    ...listInFile(`${macs} in the file`, entry.dense_macs, file_macs, faster),
    {
      name: entry.notice ? `${macs} that are not zero` : macs,
      dense: formatCount(entry.dense_macs),
      thin: formatCount(point.macs),
      kept: entry.macs_density,
      note: entry.notice ? 'zeros save no time' : faster(entry.theoretical_speedup),
    },
    {
      name: 'Weights on disk',
      dense: formatBytes(before),
      thin: formatBytes(after),
      kept: before !== null && after !== null ? after / before : null,
      note: '',
    },
    ...listCompressed(entry, before),
    ...listPrecise(entry, before),
  ]
}

const THIN_HELP = 'The channels are gone for good, not masked: this is what runs and what is stored.'
const ZEROS_HELP = 'Files hold the zeros too: their shapes are those of the dense network.'
const THIN_ZEROS_HELP = 'Files hold the zeros too: their shapes are those of the dense network without its dead channels.'

function helpOf({ notice, keeps_shapes }: PointEntry): string {
  if (!notice) return THIN_HELP
  return keeps_shapes ? ZEROS_HELP : THIN_ZEROS_HELP
}

/** How large the network is, beside the dense one. */
export function SizePanel({ entry, dense }: { entry: PointEntry; dense: PointEntry | undefined }) {
  return (
    <Panel title="Size" help={helpOf(entry)} testId="sizes">
      <Table className="numbers" horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            <Table.Th ta="right">Dense</Table.Th>
            <Table.Th ta="right">This network</Table.Th>
            <Table.Th ta="right">Kept</Table.Th>
            <Table.Th visibleFrom="sm" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {listRows(entry, dense).map((row) => (
            <Table.Tr key={row.name}>
              <Table.Th fw={500} style={{ whiteSpace: 'normal' }}>{row.name}</Table.Th>
              <Table.Td ta="right">{row.dense}</Table.Td>
              <Table.Td ta="right" fw={600}>{row.thin}</Table.Td>
              <Table.Td ta="right">{formatPercent(row.kept)}</Table.Td>
              <Table.Td visibleFrom="sm">
                <Text size="sm" c="dimmed">{row.note}</Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <PointNotices entry={entry} />
    </Panel>
  )
}
