import { Stack, Table, Text } from '@mantine/core'
import type { PointEntry } from '@/lib/api/types'
import { formatFactor, formatMilliseconds } from '@/lib/format'

type Report = NonNullable<PointEntry['latency']['report']>
type Row = Report['rows'][number]

const RUNTIMES: Record<Row['runtime'], string> = { torch: 'torch, eager', onnxruntime: 'ONNX Runtime' }

/** One line for each runtime and batch size. */
export function LatencyTable({ report }: { report: Report }) {
  return (
    <Table className="numbers" horizontalSpacing={6} data-testid="latency-table">
      <Table.Thead>
        <Table.Tr>
          <Table.Th />
          <Table.Th ta="right">Dense</Table.Th>
          <Table.Th ta="right">This network</Table.Th>
          <Table.Th ta="right">Faster</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {report.rows.map((row) => (
          <Table.Tr key={`${row.runtime} ${row.batch}`} data-testid="latency-row">
            <Place row={row} />
            <Time timing={row.dense} />
            <Time timing={row.thin} />
            <Table.Td ta="right" fw={600}>
              {formatFactor(row.latency_speedup)}
              <Spread text={`${row.lower_speedup.toFixed(2)}–${row.upper_speedup.toFixed(2)}`} />
            </Table.Td>
          </Table.Tr>
        ))}
        {report.gaps.map((gap) => (
          <Table.Tr key={`${gap.runtime} ${gap.batch}`}>
            <Place row={gap} />
            <Table.Td colSpan={3} style={{ whiteSpace: 'normal' }}>
              <Text size="sm" c="dimmed">
                Not measured. {gap.reason}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Place({ row }: { row: Pick<Row, 'runtime' | 'batch'> }) {
  return (
    <Table.Th fw={500} style={{ whiteSpace: 'normal' }}>
      <Stack gap={0}>
        {RUNTIMES[row.runtime]}
        <Text size="xs" c="dimmed">
          batch {row.batch}
        </Text>
      </Stack>
    </Table.Th>
  )
}

function Time({ timing }: { timing: Row['dense'] }) {
  return (
    <Table.Td ta="right">
      {formatMilliseconds(timing.median_ms)}
      <Spread text={`${shorten(timing.lower_ms)}–${shorten(timing.upper_ms)}`} />
    </Table.Td>
  )
}

function shorten(milliseconds: number): string {
  return milliseconds < 100 ? Number(milliseconds.toPrecision(2)).toString() : Math.round(milliseconds).toString()
}

function Spread({ text }: { text: string }) {
  return (
    <Text size="xs" c="dimmed" fw={400}>
      {text}
    </Text>
  )
}
