import { Badge, Group, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { ConfirmButton } from '@/components/ConfirmButton'
import { ErrorNotice } from '@/components/ErrorNotice'
import type { ApiToken } from '@/lib/api/types'
import { formatMoment } from '@/lib/format'
import { useRevokeApiToken } from '@/lib/queries/useRevokeApiToken'

/** All API tokens; their secrets are known to nobody but the programs that hold them. */
export function TokenTable({ tokens }: { tokens: ApiToken[] }) {
  const revoke = useRevokeApiToken()
  return (
    <>
      {revoke.isError && <ErrorNotice error={revoke.error} />}
      <Table data-testid="tokens">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th visibleFrom="sm">Made</Table.Th>
            <Table.Th visibleFrom="sm">Last used</Table.Th>
            <Table.Th visibleFrom="sm">Good until</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => revoke.mutate(token.id)} />
          ))}
        </Table.Tbody>
      </Table>
    </>
  )
}

function TokenRow({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const [now] = useState(() => Date.now())
  const isOver = new Date(token.expires_at).getTime() <= now
  const used = token.seen_at ? formatMoment(token.seen_at) : 'never'
  return (
    <Table.Tr data-testid="token-row">
      <Table.Td>
        <Group gap="xs">
          <Text fw={500} style={{ overflowWrap: 'anywhere' }}>
            {token.name}
          </Text>
          {isOver && (
            <Badge variant="light" color="gray" tt="none">
              run out
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          used {used}, good until {formatMoment(token.expires_at)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">{formatMoment(token.created_at)}</Table.Td>
      <Table.Td visibleFrom="sm">{used}</Table.Td>
      <Table.Td visibleFrom="sm">{formatMoment(token.expires_at)}</Table.Td>
      <Table.Td ta="right">
        <ConfirmButton
          size="compact-sm"
          label="Revoke"
          question={`Revoke ${token.name}? What uses it is refused at once.`}
          confirm="Revoke the token"
          onConfirm={onRevoke}
        />
      </Table.Td>
    </Table.Tr>
  )
}
