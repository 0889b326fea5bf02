using System.Security.Cryptography;
using Orrery.Commands;
using Orrery.Server.Security;

namespace Orrery.Installation;

/// <summary>
/// What makes servers one installation to their clients: the authority with its key, and the key that signs tokens. Everything
/// else in a pki folder is issued from these. A secret, as PEM text.
/// </summary>
internal sealed record KeyBundle(string AuthorityPem, string AuthorityKeyPem, string TokenKeyPem)
{
    /// <summary>The authority that is to take the place of this one; null when none is.</summary>
    public AuthorityRotation? Rotation { get; init; }

    private const string Certificate = "CERTIFICATE";
    private const string PrivateKey = "PRIVATE KEY";

    /// <exception cref="CommandFailedException">The installation has no keys yet.</exception>
    public static KeyBundle Read(DataDirectory directory, TimeProvider time) =>
        new PkiFolder(directory.PkiFolder, time).Bundle()
        ?? throw new CommandFailedException($"there are no keys in {directory.PkiFolder}; 'orrery serve' or 'orrery up' makes them");

    /// <exception cref="CommandFailedException">The text is not what <see cref="ToPem"/> writes, or the keys do not fit.</exception>
    public static KeyBundle Parse(string text, TimeProvider time)
    {
        var found = new List<(string Label, string Pem)>();
        int third = 0;
        for (ReadOnlySpan<char> rest = text; PemEncoding.TryFind(rest, out PemFields fields); rest = rest[fields.Location.End..])
        {
            found.Add((rest[fields.Label].ToString(), rest[fields.Location].ToString() + "\n"));
            third = found.Count == 3 ? text.Length - rest[fields.Location.End..].Length : third;
        }

        string[] labels = [.. found.Select(f => f.Label)];
        if (!labels.SequenceEqual([Certificate, PrivateKey, PrivateKey], StringComparer.Ordinal) && !labels.SequenceEqual([Certificate, PrivateKey, PrivateKey, Certificate, PrivateKey], StringComparer.Ordinal))
        {
            throw new CommandFailedException("the keys must be one certificate and two private keys, as 'orrery pki export' writes them");
        }

        try
        {
            var bundle = new KeyBundle(found[0].Pem, found[1].Pem, found[2].Pem) { Rotation = found.Count == 3 ? null : AuthorityRotation.Parse(text[third..]) };
            if (bundle.Rotation is { } next)
            {
                CertificateAuthority.Load(next.CertificatePem, next.KeyPem, time).Dispose();
            }

            CertificateAuthority.Load(bundle.AuthorityPem, bundle.AuthorityKeyPem, time).Dispose();
            ServiceAccountKeys.Load(bundle.TokenKeyPem).Dispose();
            return bundle;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or FormatException)
        {
            throw new CommandFailedException($"the keys do not fit together: {error.Message}", error);
        }
    }

    public string ToPem() => $"{AuthorityPem.TrimEnd()}\n{AuthorityKeyPem.TrimEnd()}\n{TokenKeyPem.TrimEnd()}\n{Rotation?.ToText()}";

    /// <summary>Gives the keys to an installation that has none, or the same, or is a step behind with a new authority.</summary>
    /// <exception cref="CommandFailedException">It has others: its credentials would be worth nothing.</exception>
    public void Install(DataDirectory directory, TimeProvider time)
    {
        directory.Create();
        var folder = new PkiFolder(directory.PkiFolder, time);
        if (folder.Bundle() is { } present)
        {
            if (present.ToPem() == ToPem())
            {
                return;
            }

            // The same installation, which is on its way to another authority.
            if (Rotation is { } rotation && (present with { Rotation = null }).ToPem() == (this with { Rotation = null }).ToPem())
            {
                folder.Write(rotation);
            }
            else if (present.Rotation is { Phase: RotationPhase.Switched } last && last.CertificatePem.Trim() == AuthorityPem.Trim() && present.TokenKeyPem.Trim() == TokenKeyPem.Trim())
            {
                folder.FinishRotation(last);
            }
            else
            {
                throw new CommandFailedException($"{directory.PkiFolder} holds the keys of another installation; nothing was changed");
            }

            return;
        }

        folder.Install(this);
    }

    /// <summary>Keeps the keys out of whatever prints records.</summary>
    public override string ToString() => nameof(KeyBundle);
}
