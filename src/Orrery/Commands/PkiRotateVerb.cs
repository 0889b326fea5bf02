using System.CommandLine;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary>
/// <c>orrery pki rotate</c>: another certificate authority in the place of the present one, in three steps with a restart of every server after each.
/// Nobody is shut out between them: both are trusted from the first step to the last, and satellites follow by themselves.
/// </summary>
internal static class PkiRotateVerb
{
    private const string Name = "orrery";

    public static Command Create() => new("rotate", "Replace the certificate authority in three steps, with a restart of every server after each.")
    {
        Step("begin", "1. Make the next authority. Servers trust it and make it known; it signs nothing yet.", Begin),
        Step("switch", "2. Sign client certificates by the next authority from now on. Satellites renew theirs within 16 hours.", Switch),
        Finish(),
    };

    private static Command Step(string name, string description, Func<PkiFolder, string> step)
    {
        Option<string> dataDir = Options.DataDir();
        var command = new Command(name, description) { dataDir };
        command.SetAction(parse =>
        {
            Console.WriteLine(step(Folder(parse.GetValue(dataDir)!)));
            return 0;
        });
        return command;
    }

    private static string Begin(PkiFolder pki)
    {
        if (pki.Rotation() is { } present)
        {
            throw new CommandFailedException($"another authority was introduced at {present.Since:u} already; go on with 'orrery pki rotate {(present.Phase == RotationPhase.Introduced ? "switch" : "finish")}'");
        }

        pki.BeginRotation(Name);
        return "The next authority is made. Restart every server (give replicas the keys: 'orrery pki export', 'import'), then: orrery pki rotate switch";
    }

    private static string Switch(PkiFolder pki)
    {
        AuthorityRotation rotation = Present(pki);
        if (rotation.Phase == RotationPhase.Introduced)
        {
            pki.Write(rotation with { Phase = RotationPhase.Switched, Since = TimeProvider.System.GetUtcNow() });
        }

        return "The next authority signs from now on. Restart every server, and hand out new kubeconfigs. Once satellites have renewed: orrery pki rotate finish";
    }

    private static Command Finish()
    {
        Option<string> dataDir = Options.DataDir();
        var force = new Option<bool>("--force") { Description = "Also when there are satellites that have not renewed, or the control plane does not answer: they need another token then." };
        var command = new Command("finish", "3. Trust the former authority no more: what it signed is good for nothing from then on.") { dataDir, force };
        command.SetAction(async (parse, cancellationToken) =>
        {
            PkiFolder pki = Folder(parse.GetValue(dataDir)!);
            AuthorityRotation rotation = Present(pki);
            if (rotation.Phase != RotationPhase.Switched)
            {
                throw new CommandFailedException("the next authority signs nothing yet; first: orrery pki rotate switch");
            }

            if (!parse.GetValue(force))
            {
                await RequireRenewedAsync(pki, new DataDirectory(parse.GetValue(dataDir)!).AdminKubeconfig, cancellationToken).ConfigureAwait(false);
            }

            pki.FinishRotation(rotation);
            Console.WriteLine("The former authority is gone. Restart every server.");
            return 0;
        });
        return command;
    }

    /// <summary>
    /// A satellite that works with a certificate of the next authority was there since both are known, and knows both. That one was issued is not enough: it may not have been fetched. One of before that was said is taken to have fetched its own.
    /// </summary>
    private static async Task RequireRenewedAsync(PkiFolder pki, string kubeconfig, CancellationToken cancellationToken)
    {
        string next;
        using (Authorities authorities = pki.EnsureAuthorities(Name))
        {
            next = authorities.Signing.KeyId;
        }

        string[] behind;
        try
        {
            using var root = new KubeClient(KubeConfig.Load(kubeconfig));
            KubeList all = await root.ListAsync(OrreryResources.DataPlanes, "", null, cancellationToken).ConfigureAwait(false);
            behind = [.. all.Items.Where(d => d.TextAt("status", "certificateExpirationTime") is not null && (d.TextAt("status", "satelliteAuthority") ?? d.TextAt("status", "certificateAuthority")) != next).Select(d => d.Name)];
        }
        catch (Exception away) when (away is HttpRequestException or StatusException or IOException or InvalidDataException)
        {
            throw new CommandFailedException($"whether all satellites have renewed could not be asked: {away.Message}", away);
        }

        if (behind.Length > 0)
        {
            throw new CommandFailedException($"satellites that do not work with a certificate of the next authority yet: {string.Join(", ", behind)}. Wait until they were here, or --force and let them in again by 'orrery data-plane token'");
        }
    }

    private static AuthorityRotation Present(PkiFolder pki) => pki.Rotation() ?? throw new CommandFailedException("no other authority was introduced; first: orrery pki rotate begin");

    private static PkiFolder Folder(string dataDir)
    {
        var pki = new PkiFolder(new DataDirectory(dataDir).PkiFolder, TimeProvider.System);
        return pki.Bundle() is not null ? pki : throw new CommandFailedException($"there are no keys in {dataDir}; 'orrery serve' or 'orrery up' makes them");
    }
}
