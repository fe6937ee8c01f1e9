import { NavLink, Stack } from '@mantine/core'
import { IconBinaryTree2, IconPhoto, IconSettings, IconTimeline } from '@tabler/icons-react'
import { Link, useLocation } from 'react-router'
import { paths } from '@/lib/paths'
import { AccountMenu } from './AccountMenu'
import classes from './Shell.module.css'

const ENTRIES = [
  { label: 'Models', to: paths.models, icon: IconBinaryTree2 },
  { label: 'Datasets', to: paths.datasets, icon: IconPhoto },
  { label: 'Runs', to: paths.runs, icon: IconTimeline },
  { label: 'Settings', to: paths.settings, icon: IconSettings },
]

export function Navigation({ onNavigate }: { onNavigate: () => void }) {
  const { pathname } = useLocation()
  return (
    <Stack h="100%" justify="space-between">
      <nav aria-label="Main">
        {ENTRIES.map(({ label, to, icon: Icon }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            leftSection={<Icon size={18} stroke={1.6} />}
            active={pathname.startsWith(to)}
            onClick={onNavigate}
            className={classes.link}
          />
        ))}
      </nav>
      <AccountMenu />
    </Stack>
  )
}
