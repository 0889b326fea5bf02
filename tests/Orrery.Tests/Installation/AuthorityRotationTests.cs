using System.Security.Cryptography.X509Certificates;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Tests.Installation;

/// <summary>One certificate authority takes the place of another, step by step, with a kill anywhere between.</summary>
public sealed class AuthorityRotationTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-pki-");

    private PkiFolder Pki => new(folder.FullName, TimeProvider.System);

    [Fact]
    public void Steps_TrustBothFromTheFirstToTheLast()
    {
        using Authorities one = Pki.EnsureAuthorities("orrery");
        using X509Certificate2 served = Pki.EnsureServer(one.Serving);
        IssuedCertificate client = Pki.EnsureClient(one.Signing, "admin", "orrery-admin", "g", ClusterScope.Root);
        Assert.Single(one.Trusted());

        // 1. Introduced: both are trusted, the former signs and serves.
        Pki.BeginRotation("orrery");
        using Authorities introduced = Pki.EnsureAuthorities("orrery");
        Assert.Equal(2, introduced.Trusted().Count);
        Assert.Equal((one.Signing.KeyId, one.Serving.KeyId), (introduced.Signing.KeyId, introduced.Serving.KeyId));
        Assert.StartsWith(one.Serving.CertificatePem.TrimEnd(), introduced.TrustedPem, StringComparison.Ordinal);
        Assert.Equal(client, Pki.EnsureClient(introduced.Signing, "admin", "orrery-admin", "g", ClusterScope.Root));

        // 2. Switched: the next signs, what servers show is still the former's; certificates of one's own follow.
        Pki.Write(Pki.Rotation()! with { Phase = RotationPhase.Switched });
        using Authorities switched = Pki.EnsureAuthorities("orrery");
        Assert.Equal((introduced.Next!.KeyId, one.Serving.KeyId), (switched.Signing.KeyId, switched.Serving.KeyId));
        Assert.Equal(2, switched.Trusted().Count);
        using (X509Certificate2 renewed = Pki.EnsureClient(switched.Signing, "admin", "orrery-admin", "g", ClusterScope.Root).ToX509())
        using (X509Certificate2 still = Pki.EnsureServer(switched.Serving))
        {
            Assert.True(switched.Signing.Issued(renewed));
            Assert.Equal(served.Thumbprint, still.Thumbprint);
        }

        // 3. Finished: the next alone.
        Pki.FinishRotation(Pki.Rotation()!);
        using Authorities last = Pki.EnsureAuthorities("orrery");
        Assert.Equal((switched.Signing.KeyId, switched.Signing.KeyId, 1), (last.Signing.KeyId, last.Serving.KeyId, last.Trusted().Count));
        using X509Certificate2 now = Pki.EnsureServer(last.Serving);
        Assert.True(last.Serving.Issued(now));
        Assert.Null(Pki.Rotation());
    }

    /// <summary>The last step writes the certificate, then the key, then removes the file of the rotation.</summary>
    [Theory]
    [InlineData("ca.crt")]
    [InlineData("ca.crt", "ca.key")]
    public void LastStep_KilledWithin_HoldsAndIsDoneAgain(params string[] written)
    {
        using Authorities former = Pki.EnsureAuthorities("orrery");
        Pki.BeginRotation("orrery");
        AuthorityRotation rotation = Pki.Rotation()! with { Phase = RotationPhase.Switched };
        Pki.Write(rotation);
        foreach (string file in written)
        {
            File.WriteAllText(Path.Combine(folder.FullName, file), file == "ca.crt" ? rotation.CertificatePem : rotation.KeyPem);
        }

        using (Authorities between = Pki.EnsureAuthorities("orrery"))
        {
            Assert.NotEqual(former.Signing.KeyId, between.Signing.KeyId);
            Assert.Equal(between.Signing.KeyId, between.Serving.KeyId);
        }

        Pki.FinishRotation(Pki.Rotation()!);
        using Authorities last = Pki.EnsureAuthorities("orrery");
        Assert.NotEqual(former.Signing.KeyId, last.Signing.KeyId);
        Assert.Single(last.Trusted());
    }

    [Fact]
    public void Keys_HandedToAReplica_TakeItAlongEachStep()
    {
        var mine = new DataDirectory(Path.Combine(folder.FullName, "a"));
        var replica = new DataDirectory(Path.Combine(folder.FullName, "b"));
        mine.Create();
        var pki = new PkiFolder(mine.PkiFolder, TimeProvider.System);
        pki.EnsureAuthorities("orrery").Dispose();
        pki.EnsureTokenKey();
        KeyBundle before = Handed(mine, replica);
        Assert.Null(before.Rotation);

        pki.BeginRotation("orrery");
        Assert.Equal(RotationPhase.Introduced, Handed(mine, replica).Rotation!.Phase);
        pki.Write(pki.Rotation()! with { Phase = RotationPhase.Switched });
        Assert.Equal(RotationPhase.Switched, Handed(mine, replica).Rotation!.Phase);
        pki.FinishRotation(pki.Rotation()!);
        Assert.Null(Handed(mine, replica).Rotation);

        // What was handed out before that is of an installation that is no more.
        Assert.Throws<CommandFailedException>(() => before.Install(replica, TimeProvider.System));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Phase: 7\nSince: 2026-01-01T00:00:00Z\n")]
    [InlineData("Phase: Switched\n")]
    public void Rotation_ThatCannotBeRead_IsRefused(string text) => Assert.Throws<FormatException>(() => AuthorityRotation.Parse(text));

    public void Dispose() => folder.Delete(recursive: true);

    private static KeyBundle Handed(DataDirectory from, DataDirectory to)
    {
        KeyBundle bundle = KeyBundle.Parse(KeyBundle.Read(from, TimeProvider.System).ToPem(), TimeProvider.System);
        bundle.Install(to, TimeProvider.System);
        Assert.Equal(KeyBundle.Read(from, TimeProvider.System).ToPem(), KeyBundle.Read(to, TimeProvider.System).ToPem());
        return bundle;
    }
}
