import { Alert, Box, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react'
import { Panel } from '@/components/Panel'
import { Sentence } from '@/components/Sentence'
import type { ImportReport } from '@/lib/api/types'
import { formatCount, formatPart } from '@/lib/format'
import classes from './ReportPanel.module.css'
import { STATUSES } from './statuses'

/** What pruning can do to this network at most, and a warning where that is little. */
export function ReportPanel({ report }: { report: ImportReport }) {
  const help = `Counted with no layer thinner than ${report.minimum_width}. What an accuracy allows is another question: a run answers it.`
  return (
    <Panel title="What can go" help={help} testId="import-report">
      <Stack>
        {report.notes.map((note) => (
          <Alert key={note} color="blue" variant="light" icon={<IconInfoCircle size={18} />} data-testid="reading-note">
            <Sentence text={note} />
          </Alert>
        ))}
        {report.warning && (
          <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} data-testid="little-can-go">
            <Sentence text={report.warning} />
          </Alert>
        )}
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <Meter name="of the MACs" share={report.removable_macs} testId="removable-macs" />
          <Meter name="of the parameters" share={report.removable_parameters} testId="removable-parameters" />
          <Channels report={report} />
        </SimpleGrid>
        <StatusBar report={report} />
        <Inexact report={report} />
      </Stack>
    </Panel>
  )
}

function Meter({ name, share, testId }: { name: string; share: number; testId: string }) {
  return (
    <div>
      <Text fz={28} fw={600} lh={1.2} className="numbers" data-testid={testId}>
        {formatPart(share)}
      </Text>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
    </div>
  )
}

function Channels({ report }: { report: ImportReport }) {
  return (
    <div>
      <Text fz={28} fw={600} lh={1.2} className="numbers" data-testid="removable-channels">
        {formatCount(report.removable_channels)}
        <Text span c="dimmed" fz="md" fw={400}>
          {' '}
          of {formatCount(report.channels)}
        </Text>
      </Text>
      <Text size="sm" c="dimmed">
        channels, those that go together counted once
      </Text>
    </div>
  )
}

/** How many layers there are of each status, to scale. */
function StatusBar({ report }: { report: ImportReport }) {
  const counts = STATUSES.map((status) => ({
    ...status,
    count: report.layers.filter((verdict) => verdict.status === status.name).length,
  })).filter(({ count }) => count > 0)
  return (
    <Stack gap={6}>
      <Box className={classes.bar} aria-hidden>
        {counts.map(({ name, color, count }) => (
          <Box key={name} bg={color} style={{ flexGrow: count }} />
        ))}
      </Box>
      <Group gap="lg">
        {counts.map(({ name, color, count, help }) => (
          <Group key={name} gap={6} wrap="nowrap" title={help} data-testid={`count-${name}`}>
            <Box className={classes.dot} bg={color} />
            <Text size="sm">
              <b>{formatCount(count)}</b> {name}
            </Text>
          </Group>
        ))}
      </Group>
    </Stack>
  )
}

function Inexact({ report }: { report: ImportReport }) {
  const nodes = new Set(report.layers.flatMap((verdict) => verdict.inexact))
  if (nodes.size === 0) return null
  const names = [...nodes].slice(0, 3).map((name) => `\`${name}\``).join(', ')
  const more = nodes.size > 3 ? ` and ${formatCount(nodes.size - 3)} more` : ''
  const largest = Math.max(...report.layers.map((verdict) => verdict.difference ?? 0))
  const extent = largest > 0 ? ` With half of a group gone, class scores differ by up to ${formatPart(largest)} of the largest.` : ''
  return (
    <Alert color="blue" variant="light" icon={<IconInfoCircle size={18} />} data-testid="inexact">
      <Sentence
        text={`Masking is not exactly removal at ${names}${more}: these operations take statistics over the channels, so removing some changes the rest.${extent} Retraining makes up for it; accuracies are always measured on the thinner network.`}
      />
    </Alert>
  )
}
