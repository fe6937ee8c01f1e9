import { Button, Card, Grid, Stack, Text, Title } from '@mantine/core'
import { IconDownload, IconHammer } from '@tabler/icons-react'
import { CodeBlock } from '@/components/CodeBlock'
import { ErrorNotice } from '@/components/ErrorNotice'
import { FailureNotice } from '@/components/FailureNotice'
import type { PointEntry } from '@/lib/api/types'
import { formatBytes, formatCount } from '@/lib/format'
import { files } from '@/lib/paths'
import { useOrderFormat } from '@/lib/queries/useOrderFormat'
import { FORMATS } from './formats'
import type { Signature } from './loading'

type Entry = PointEntry['formats'][number]

interface Props {
  run: string
  index: number
  entry: Entry
}

interface CardProps extends Props {
  /** Of the network; undefined where its model was deleted. */
  signature: Signature | undefined
}

/** One format: what it is for, how it is loaded, and the file, or a button that has it made. */
export function FormatCard({ run, index, entry, signature }: CardProps) {
  const { title, help, code } = FORMATS[entry.format]
  return (
    <Card padding="md" radius="md" data-testid={`format-${entry.format}`} data-standing={entry.standing}>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Stack gap="sm">
            <Title order={3} size="h4">
              {title}
            </Title>
            <Text size="sm" c="dimmed">
              {help}
            </Text>
            {entry.onnx_check && <CheckResult check={entry.onnx_check} />}
            {entry.error && <FailureNotice failure={entry.error} />}
            <FormatAction run={run} index={index} entry={entry} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <CodeBlock code={code(signature)} label={`the code that loads the ${entry.format} file`} />
        </Grid.Col>
      </Grid>
    </Card>
  )
}

function FormatAction({ run, index, entry }: Props) {
  const order = useOrderFormat(run, index)
  if (entry.file) {
    const isBundle = entry.format === 'safetensors'
    return (
      <Button
        component="a"
        w={{ base: '100%', sm: 'fit-content' }}
        href={isBundle ? files.bundle(run, index) : files.pointFile(run, index, entry.file.name)}
        download
        leftSection={<IconDownload size={16} />}
      >
        {isBundle ? 'Zip with source and weights' : `${entry.file.name} · ${formatBytes(entry.file.size)}`}
      </Button>
    )
  }
  const isBusy = entry.standing === 'queued' || entry.standing === 'running'
  return (
    <Stack gap="xs">
      {order.isError && <ErrorNotice error={order.error} />}
      <Button
        variant="light"
        leftSection={<IconHammer size={16} />}
        onClick={() => order.mutate(entry.format)}
        loading={order.isPending || isBusy}
        loaderProps={{ type: 'dots' }}
        aria-label={`Make the ${entry.format} file`}
        w={{ base: '100%', sm: 'fit-content' }}
      >
        {entry.standing === 'failed' ? 'Try again' : 'Make this file'}
      </Button>
      {isBusy && (
        <Text size="xs" c="dimmed" role="status">
          {entry.standing === 'queued' ? 'Waiting for a free worker …' : 'Being made, a few seconds …'}
        </Text>
      )}
    </Stack>
  )
}

/** A power of ten that never breaks at its sign. */
function formatTiny(value: number): string {
  return value.toExponential(0).replace('-', '\u2011')
}

function CheckResult({ check }: { check: NonNullable<Entry['onnx_check']> }) {
  const share = check.examples < check.available ? ` of ${formatCount(check.available)}` : ''
  const inputs = check.data === 'test split' ? 'test examples' : 'random inputs'
  return (
    <Text size="sm" data-testid="onnx-check">
      Opset {check.opset}. Checked with ONNX Runtime {check.runtime_version} on {formatCount(check.examples)}
      {share} {inputs}: {check.agreement === 1 ? 'every' : `${(check.agreement * 100).toFixed(2)}% of the`} predicted
      class{check.agreement === 1 ? '' : 'es'} equal, scores within {formatTiny(check.largest_difference)} of the
      largest.
    </Text>
  )
}
