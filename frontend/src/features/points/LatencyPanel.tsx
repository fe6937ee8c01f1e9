import { Button, List, Stack, Text } from '@mantine/core'
import { ErrorNotice } from '@/components/ErrorNotice'
import { FailureNotice } from '@/components/FailureNotice'
import { Panel } from '@/components/Panel'
import type { PointEntry } from '@/lib/api/types'
import { formatFactor } from '@/lib/format'
import { useOrderLatency } from '@/lib/queries/useOrderLatency'
import { LatencyTable } from './LatencyTable'

type Report = NonNullable<PointEntry['latency']['report']>

const BUSY_SHARE = 0.5

/** Measured time of dense and thin network, side by side. */
export function LatencyPanel({ run, entry }: { run: string; entry: PointEntry }) {
  const order = useOrderLatency(run, entry.point.index)
  const { standing, report, error } = entry.latency
  const isBusy = standing === 'queued' || standing === 'running'
  const measure = (
    <Button
      size="xs"
      variant={report ? 'default' : 'light'}
      onClick={() => order.mutate()}
      loading={order.isPending || isBusy}
      loaderProps={{ type: 'dots' }}
      aria-label="Measure the latency"
    >
      {report ? 'Measure again' : 'Measure latency'}
    </Button>
  )
  return (
    <Panel
      title="Latency"
      help="Dense and thin network, called in turn in one run: median, and the middle half of all rounds."
      actions={measure}
      testId="latency"
    >
      <Stack gap="md" data-standing={standing}>
        {order.isError && <ErrorNotice error={order.error} />}
        {error && <FailureNotice failure={error} />}
        {isBusy && (
          <Text size="sm" c="dimmed" role="status">
            {standing === 'queued' ? 'Waiting for a free worker …' : 'Measuring, about half a minute …'}
          </Text>
        )}
        {report ? (
          <LatencyTable report={report} />
        ) : (
          !isBusy && <Text size="sm" c="dimmed">Not measured yet.</Text>
        )}
        <Notes entry={entry} report={report} />
      </Stack>
    </Panel>
  )
}

function Notes({ entry, report }: { entry: PointEntry; report: Report | null | undefined }) {
  const host = report?.host
  const isBusyHost = host?.load != null && host.load > BUSY_SHARE * host.processor_count
  return (
    <List size="sm" c="dimmed" spacing={4}>
      {host && (
        <List.Item data-testid="latency-host">
          {host.processor}, {host.processor_count} processors, {host.threads} {host.threads === 1 ? 'thread' : 'threads'};
          torch {host.torch_version}, ONNX Runtime {host.onnxruntime_version}, {host.system}.
        </List.Item>
      )}
      {isBusyHost && (
        <List.Item>
          The machine was doing other work (load {host.load?.toFixed(1)}): it slowed both networks down alike, but the
          times spread more than on a quiet one.
        </List.Item>
      )}
      <List.Item>
        The counts promise {formatFactor(entry.theoretical_speedup)}. Real runs gain less where layers are small, and
        widths that are no multiple of 8 or 16 can even be slower than the dense network: choose a width multiple in
        the recipe when speed is the goal.
      </List.Item>
      <List.Item>Zeros inside a dense tensor save no time; only channels that are gone do.</List.Item>
    </List>
  )
}
