import bulkRead from "./baseline/bulk_read.ts";
import callVolumeSpike from "./baseline/call_volume_spike.ts";
import concurrentUse from "./baseline/concurrent_use.ts";
import credentialExfiltrated from "./baseline/credential_exfiltrated.ts";
import deniedEnumeration from "./baseline/denied_enumeration.ts";
import dormantKeyUsed from "./baseline/dormant_key_used.ts";
import failureSpike from "./baseline/failure_spike.ts";
import firstWrite from "./baseline/first_write.ts";
import impossibleTravel from "./baseline/impossible_travel.ts";
import newOperation from "./baseline/new_operation.ts";
import newRegion from "./baseline/new_region.ts";
import newRole from "./baseline/new_role.ts";
import newSource from "./baseline/new_source.ts";
import newUserAgent from "./baseline/new_user_agent.ts";
import offHours from "./baseline/off_hours.ts";
import type { Baseline, Policy } from "./detection.ts";
import environmentMismatch from "./policy/environment_mismatch.ts";
import honeytokenUsed from "./policy/honeytoken_used.ts";
import keyUsedAfterExpiry from "./policy/key_used_after_expiry.ts";
import keyUsedAfterRevocation from "./policy/key_used_after_revocation.ts";
import neverUsedKey from "./policy/never_used_key.ts";
import oldKeyUsedAfterRotation from "./policy/old_key_used_after_rotation.ts";
import outsideAllowedCountry from "./policy/outside_allowed_country.ts";
import outsideAllowedNetwork from "./policy/outside_allowed_network.ts";
import outsideDeclaredHours from "./policy/outside_declared_hours.ts";
import rotationOverdue from "./policy/rotation_overdue.ts";
import scopeNotGranted from "./policy/scope_not_granted.ts";
import secretInLog from "./policy/secret_in_log.ts";
import unknownKey from "./policy/unknown_key.ts";
import unusedPermission from "./policy/unused_permission.ts";
import writeOnReadOnlyKey from "./policy/write_on_read_only_key.ts";

/** catalogue holds every detection that ships; a test sees to it that no file is left out. */
export const catalogue: readonly (Policy | Baseline)[] = [
  writeOnReadOnlyKey,
  keyUsedAfterRevocation,
  keyUsedAfterExpiry,
  outsideAllowedNetwork,
  outsideAllowedCountry,
  outsideDeclaredHours,
  honeytokenUsed,
  unknownKey,
  secretInLog,
  rotationOverdue,
  unusedPermission,
  neverUsedKey,
  oldKeyUsedAfterRotation,
  environmentMismatch,
  scopeNotGranted,
  newSource,
  concurrentUse,
  credentialExfiltrated,
  offHours,
  failureSpike,
  deniedEnumeration,
  dormantKeyUsed,
  newOperation,
  firstWrite,
  callVolumeSpike,
  bulkRead,
  newRegion,
  newRole,
  newUserAgent,
  impossibleTravel,
];

/** postures are those that are asked once a day about each declared key. */
export const postures: readonly Policy[] = catalogue.filter(
  (d): d is Policy => d.kind === "policy" && d.posture !== undefined,
);
