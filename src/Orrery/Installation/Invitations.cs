using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Commands.DataPlanes;
using Orrery.Controllers.Joining;

namespace Orrery.Installation;

/// <summary>Lets the satellites of simulated data planes join, as an operator does for others: each finds its invitation in a file.</summary>
internal static class Invitations
{
    /// <summary>Less than this left of a certificate, and its satellite may be gone for too long to renew it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Writes an invitation for every satellite that has no certificate which holds.</summary>
    public static async Task EnsureAsync(RunningInstallation installation, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (string name in installation.Settings.DataPlanes)
        {
            KubeObject dataPlane = await installation.Root.GetAsync(OrreryResources.DataPlanes, "", name, cancellationToken).ConfigureAwait(false);
            if (dataPlane.At("status", "certificateExpirationTime")?.GetDateTimeOffset() is { } ends && ends - Margin > time.GetUtcNow())
            {
                continue;
            }

            var target = await JoinTarget.WaitAsync(installation.Root, installation.Settings.Server, time, cancellationToken).ConfigureAwait(false);
            JoinToken token = await new InvitationWriter(installation.Root, time).InviteAsync(name, newCluster: true, cancellationToken).ConfigureAwait(false);
            PrivateFile.Write(
                installation.Directory.JoinFile(name),
                new JsonObject { ["server"] = target.Server.ToString(), ["token"] = token.Token, ["ca.crt"] = target.AuthoritiesPem }.ToJsonString());
        }
    }
}
