using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Testing;

/// <summary>Names as certificates carry them, also those of parts with several attributes, which the framework writes for nobody.</summary>
public static class DistinguishedName
{
    /// <param name="text">Parts in the order in which they are encoded, attributes of one part joined by a plus: <c>CN=a,OU=b+O=c</c>.</param>
    public static X500DistinguishedName Of(string text)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (string part in text.Split(','))
            {
                using (writer.PushSetOf())
                {
                    foreach (string[] attribute in part.Split('+').Select(a => a.Split('=', 2)))
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteObjectIdentifier(attribute[0] switch { "CN" => "2.5.4.3", "O" => "2.5.4.10", "OU" => "2.5.4.11", "UID" => "1.3.6.1.4.1.57683.2", _ => throw new ArgumentException($"{attribute[0]} is no attribute that is known here", nameof(text)) });
                            writer.WriteCharacterString(UniversalTagNumber.UTF8String, attribute[1]);
                        }
                    }
                }
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }
}
